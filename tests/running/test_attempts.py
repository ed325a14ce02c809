"""What is due is asked for once at a time, and again after an attempt has failed."""

from __future__ import annotations

import dagster as dg

from groprog_assets.running.attempts import DUE_TAG, attempt


@dg.op
def fails() -> None:
    raise ValueError("not yet")


@dg.job
def failing() -> None:
    fails()


def test_a_failed_attempt_is_followed_by_another_with_a_key_of_its_own() -> None:
    with dg.instance_for_test() as instance:
        first = attempt(instance, "key", "cohort_job")
        assert first is not None
        assert (first.run_key, first.job_name, first.tags[DUE_TAG]) == ("key", "cohort_job", "key")
        failing.execute_in_process(instance=instance, tags={DUE_TAG: "key"}, raise_on_error=False)
        assert attempt(instance, "key") is None, "not at once"
        second = attempt(instance, "key", wait=0)
        assert second is not None
        assert second.run_key == "key:1"
        assert attempt(instance, "other") is not None, "another key is another matter"
        assert attempt(instance, "") is None


def test_nothing_is_asked_for_while_an_attempt_is_under_way() -> None:
    with dg.instance_for_test() as instance:
        instance.create_run_for_job(failing, tags={DUE_TAG: "key"})
        assert attempt(instance, "key", wait=0) is None
