"""The desk: it takes a question, looks whether it may be answered, counts, adds the noise, logs, and answers, in this order."""

from __future__ import annotations

import hmac
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple

from groprog_assets.beacon.actors import Actor
from groprog_assets.beacon.reference_rows import ReferenceRows
from groprog_assets.errors import ArtifactError, Problem
from groprog_assets.intake import omics_subjects as who
from groprog_assets.intake.permitted_subjects import in_force_today, permitted_today
from groprog_assets.methods.omics.curies import curie, prefix_of
from groprog_assets.methods.omics.disclosure import Budgets, Secret, Shown, Spending, listed, noisy_count, shown
from groprog_assets.omics_catalog import writing
from groprog_assets.omics_catalog.catalog import Catalog
from groprog_assets.omics_catalog.cohort_query import Carriers, Cohort
from groprog_assets.store.artifacts import Reference, digest_value
from groprog_assets.store.pseudonyms import study_key
from groprog_assets.store.query_log import QueryLog
from groprog_assets.store.readings import read_asset
from groprog_assets.store.workspace import Workspace
from groprog_assets.study.omics_parameters import DisclosureParameters
from groprog_assets.tables.values import Document, Value

LOOKS_SECONDS = 1.0
"""How often the desk looks whether a run has made another snapshot, or somebody has withdrawn."""
SHOWN_STAGES = ("corrected", "normalised", "raw")
VIEWS_OF_CATALOG = "SELECT view_name AS name FROM duckdb_views() WHERE database_name = 'held' AND NOT internal"
EDGES = "SELECT child, parent FROM edges UNION ALL SELECT child, parent FROM disease_edges ORDER BY ALL"
EXACT = "predicate = 'skos:exactMatch' AND NOT from_obsolete"


class Refused(Exception):
    """A question that is not answered: an HTTP status and why; wait: seconds after which it may be; logged: it stands in the log
    already."""

    def __init__(self, status: int, text: str, wait: int = 0, logged: bool = False):
        super().__init__(text)
        self.status = status
        self.text = text
        self.wait = wait
        self.logged = logged


def for_purpose(question: str, purpose: str, studied: tuple[str, ...]) -> str:
    """A question in its one form with what it is for, so that two purposes never share a draw of the noise."""
    classes = sorted({curie(name) for name in studied})
    return " ".join([question, *(["for", purpose, *classes] if purpose else [])])


class Told(NamedTuple):
    """An answer, the snapshot it is of, and what it cost."""

    shown: Shown
    snapshot: str
    epsilon: float
    left: float


@dataclass
class Held:
    """What is held of the current snapshot. samples_secret: of the noise of counts of samples; carriers_secret: of those who
    have a variant; reference: the reference tables as pages ask them; grouping: the column of the sample table by whose groups
    values are shown; kept: what pages have made, by kind and name, until the next snapshot."""

    snapshot: str
    secret: Secret
    parameters: DisclosureParameters
    catalog: Catalog
    circumstances: tuple[str, str]
    samples_secret: Secret
    carriers_secret: Secret
    reference: ReferenceRows
    grouping: str = ""
    kept: dict[tuple[str, str], Any] = field(default_factory=dict)
    _everybody: dict[tuple[str, tuple[str, ...]], int] = field(default_factory=dict)

    def secret_of(self, asked: Cohort | Carriers) -> Secret:
        """Of the noise of a question: it is drawn anew when a table changes that decides whom the question counts."""
        return self.carriers_secret if isinstance(asked, Carriers) else self.secret

    def everybody(self, purpose: str = "", studied: tuple[str, ...] = ()) -> int:
        """The noisy number of all who may be counted for a purpose."""
        key = (purpose, studied)
        if key not in self._everybody:
            asked = Cohort(purpose=purpose, studied=studied)
            question, count = f"everybody {asked.canonical()}", self.catalog.count(asked)
            self._everybody[key] = noisy_count(self.secret, question, count, self.parameters.listing_epsilon)
        return self._everybody[key]

    @cached_property
    def listed(self) -> dict[str, int]:
        """{term or disease that may be asked by: its published noisy count}; who has stated no purpose is counted for."""
        terms = self.catalog.rows("SELECT term_id AS id FROM terms WHERE NOT obsolete")
        diseases = self.catalog.rows(
            f"SELECT disease_id AS id FROM diseases UNION SELECT from_id FROM xrefs WHERE {EXACT}"
            f" UNION SELECT to_id FROM xrefs WHERE {EXACT} UNION SELECT mondo_id FROM disease_classes"
        )
        counts = {row["id"]: 0 for row in (*terms, *diseases)}
        for what in ("subject_terms", "subject_diseases"):
            counts |= {name: count for name, count in self.catalog.counts_by(what).items() if name in counts}
        return listed(self.secret, counts, self.parameters)

    def noisy_of_samples(self, question: str, count: int) -> int:
        """A noisy count of samples or of subjects of an assay, drawn once for the tables of the samples."""
        return noisy_count(self.samples_secret, question, count, self.parameters.listing_epsilon)

    @cached_property
    def stages(self) -> dict[str, str]:
        """{assay: the view of its most processed values that nothing was filled into}."""
        views = {row["name"] for row in self.catalog.rows(VIEWS_OF_CATALOG)}
        assays = [row["assay_id"] for row in self.catalog.rows("SELECT assay_id FROM assays WHERE kind = 'dense'")]
        named = {assay: [f"measurements_{assay}_{stage}" for stage in SHOWN_STAGES] for assay in assays}
        return {assay: next(view for view in own if view in views) for assay, own in named.items() if views & {*own}}

    @cached_property
    def sections(self) -> dict[str, bool]:
        """Which pages of lists there are: pathways, drugs."""
        sets = self.catalog.number("SELECT count(*) FROM gene_sets WHERE direction IS NULL")
        drugs = self.catalog.number("SELECT count(*) FROM gene_sets WHERE direction IS NOT NULL")
        return {"pathways": sets > 0, "drugs": drugs + self.catalog.number("SELECT count(*) FROM drug_target") > 0}

    def published(self, name: str) -> str:
        """What is published of a term or disease: its count drawn once for these data, or that it is too rare
        here to be listed."""
        found = self.listed.get(name)
        if found is None:
            return f"under {self.parameters.listing_fewest}"
        return shown(found, self.everybody(), self.parameters).words

    @cached_property
    def names(self) -> dict[str, str]:
        """{live term: preferred name}."""
        rows = self.catalog.rows("SELECT term_id, name FROM terms WHERE NOT obsolete")
        return {row["term_id"]: row["name"] for row in rows}

    @cached_property
    def aliases(self) -> dict[str, str]:
        """{obsolete or alternative id: live term}; a single replacement counts before an alternative id."""
        rows = self.catalog.rows("SELECT alias_id, term_id, kind FROM term_aliases ORDER BY kind")
        return {row["alias_id"]: row["term_id"] for row in rows}

    @cached_property
    def diseases(self) -> dict[str, str]:
        """{disease: its name in the annotations}."""
        rows = self.catalog.rows("SELECT disease_id, name FROM diseases")
        return {row["disease_id"]: row["name"] for row in rows}

    @cached_property
    def classes_of_diseases(self) -> dict[str, str]:
        """{MONDO class: its name}; empty where the study names no hierarchy of diseases."""
        rows = self.catalog.rows("SELECT mondo_id, name FROM disease_classes")
        return {row["mondo_id"]: row["name"] for row in rows}

    def named(self, disease: str) -> str:
        """What a disease or class is called; its identifier where nothing here names it."""
        return self.diseases.get(disease) or self.classes_of_diseases.get(disease, disease)

    def live(self, term: str) -> str | None:
        """The live term that an identifier means, or None."""
        found = curie(term)
        return found if found in self.names else self.aliases.get(found)

    @cached_property
    def parents(self) -> dict[str, list[str]]:
        """{term or class of diseases: those right above it}."""
        found: dict[str, list[str]] = {}
        for row in self.catalog.rows(EDGES):
            found.setdefault(row["child"], []).append(row["parent"])
        return found

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """{term or class of diseases: those right below it}."""
        found: dict[str, list[str]] = {}
        for child, above in self.parents.items():
            for parent in above:
                found.setdefault(parent, []).append(child)
        return {parent: sorted(below) for parent, below in found.items()}

    def ancestors(self, term: str) -> set[str]:
        """The term, or class of diseases, and all above it."""
        reached, waiting = {term}, [term]
        while waiting:
            new = set(self.parents.get(waiting.pop(), ())) - reached
            reached |= new
            waiting += new
        return reached

    def nearest_listed(self, term: str) -> str | None:
        """The listed ancestor that is deepest in the ontology; it depends on the ontology and the list alone."""
        above = [name for name in self.ancestors(term) if name in self.listed]
        return min(above, key=lambda name: (-len(self.ancestors(name)), name), default=None)

    def classes(self, disease: str) -> list[str]:
        """The MONDO classes that exactly match a disease; of a MONDO class, itself, or the one that has replaced it."""
        found = curie(disease)
        if prefix_of(found) == "MONDO":
            return [found if found in self.classes_of_diseases else self.replaced_classes.get(found, found)]
        return self.mapped[0].get(found, [])

    @cached_property
    def replaced_classes(self) -> dict[str, str]:
        """{obsolete or alternative id: MONDO class}; a single replacement counts before an alternative id."""
        rows = self.catalog.rows("SELECT alias_id, mondo_id FROM disease_aliases ORDER BY kind")
        return {row["alias_id"]: row["mondo_id"] for row in rows}

    @cached_property
    def mapped(self) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """({OMIM or ORPHA identifier: its MONDO classes}, {MONDO class: its identifiers}) by exact mappings."""
        up: dict[str, list[str]] = {}
        down: dict[str, list[str]] = {}
        for row in self.catalog.rows(f"SELECT DISTINCT from_id, to_id FROM xrefs WHERE {EXACT} ORDER BY 1, 2"):
            up.setdefault(row["to_id"], []).append(row["from_id"])
            down.setdefault(row["from_id"], []).append(row["to_id"])
        return up, down

    def members(self, mondo: str) -> list[str]:
        """The OMIM and ORPHA identifiers that exactly match a MONDO class."""
        return [name for name in self.mapped[1].get(mondo, ()) if not name.startswith("OMIMPS:")]

    @cached_property
    def releases(self) -> dict[str, str]:
        """{HPO, MONDO mappings: release}; "none" where there are none."""
        hpo = self.catalog.rows("SELECT DISTINCT version AS v FROM terms ORDER BY 1")
        mondo = self.catalog.rows("SELECT DISTINCT set_version AS v FROM xrefs ORDER BY 1")
        above = self.catalog.rows("SELECT DISTINCT version AS v FROM disease_classes ORDER BY 1")
        return {
            name: ", ".join(row["v"] for row in rows) or "none"
            for name, rows in (("HPO", hpo), ("MONDO mappings", mondo), *([("MONDO", above)] if above else []))
        }


class Desk:
    """Answers about the current snapshot of a study. Its methods may be called from several threads."""

    def __init__(self, workspace: Workspace, log: QueryLog, budgets: dict[str, float]):
        """budgets {actor: granted}. ArtifactError before the catalogue is made."""
        self.workspace = workspace
        self.log = log
        self.parameters = workspace.study.parameters.disclosure
        self.budgets = Budgets(self.parameters, budgets)
        self.budgets.replay(log.rows)
        self._key = hmac.new(study_key(workspace.state), b"answers to counts", sha256).digest()
        self._lock = threading.Lock()
        self._held: Held | None = None
        self._looked = 0.0
        self.held()

    def held(self) -> Held:
        """The current snapshot; opened anew when a run has made another, a day has passed or somebody has withdrawn."""
        with self._lock:
            if self._held is not None and time.monotonic() - self._looked < LOOKS_SECONDS:
                return self._held
            state = who.consent_state(self.workspace)
            derivation = self.workspace.derivations.current("omics_catalog")
            circumstances = (derivation or "", f"{state['day']} {state['withdrawn']}")
            if self._held is None or self._held.circumstances != circumstances:
                self._held = self._opened(circumstances)
            self._looked = time.monotonic()
            return self._held

    def ask(self, actor: Actor, endpoint: str, asked: Cohort | Carriers) -> Told:
        """The answer to a question for a count. Refused where a budget is spent; LogUnwritable where it cannot be logged."""
        held, canonical = self.held(), asked.canonical()
        secret = held.secret_of(asked)
        cost = self._paid(held, actor, endpoint, canonical, asked.purpose, secret.data)
        noisy = noisy_count(secret, canonical, held.catalog.count(asked), self.parameters.epsilon)
        told = shown(noisy, held.everybody(asked.purpose, asked.studied), self.parameters)
        outcome = "answered" if told.exists else "suppressed"
        self._logged(held, actor, endpoint, canonical, asked.purpose, cost, outcome, secret.data)
        return Told(told, held.snapshot, cost.actor, self.budgets.left(actor.name))

    def spend(self, actor: Actor, endpoint: str, question: str, purpose: str = "") -> None:
        """Pay for a question that the caller answers with noise of epsilon, and log it. Raises as `ask`."""
        held = self.held()
        cost = self._paid(held, actor, endpoint, question, purpose, held.secret.data)
        self._logged(held, actor, endpoint, question, purpose, cost, "answered", held.secret.data)

    def _paid(self, held: Held, actor: Actor, endpoint: str, canonical: str, purpose: str, data: str) -> Spending:
        """What the question cost, which is paid before anything is counted. Refused, and logged, where a budget is spent.

        data: the digest of the tables that decide the answer."""
        question = f"{data} {canonical}"
        with self._lock:
            cost = self.budgets.cost(actor.name, question)
            allowed = self.budgets.allows(actor.name, cost)
            if allowed:
                self.budgets.pay(actor.name, question, cost)
        if not allowed:
            self._logged(held, actor, endpoint, canonical, purpose, Spending(0.0, 0.0), "refused", data)
            raise Refused(429, self.spent_text(actor), logged=True)
        return cost

    def _logged(
        self,
        held: Held,
        actor: Actor,
        endpoint: str,
        canonical: str,
        purpose: str,
        cost: Spending,
        outcome: str,
        data: str,
    ) -> None:
        self.log.append(
            actor=actor.name,
            purpose=purpose,
            endpoint=endpoint,
            canonical=canonical,
            data=data,
            snapshot=held.snapshot,
            epsilon=cost.actor,
            total=cost.total,
            outcome=outcome,
        )

    def note(
        self, actor: Actor, endpoint: str, outcome: str = "answered", canonical: str = "", purpose: str = ""
    ) -> None:
        """Log a request that costs nothing. LogUnwritable where it cannot be."""
        held = self.held()
        self._logged(held, actor, endpoint, canonical, purpose, Spending(0.0, 0.0), outcome, held.secret.data)

    @property
    def purpose(self) -> tuple[str, tuple[str, ...]]:
        """What the study is for, and the MONDO classes that it studies; "" where it states none."""
        omics = self.workspace.study.omics
        return ("", ()) if omics is None else (omics.consents.purpose, tuple(omics.consents.diseases))

    def mark(self, subject: str) -> str:
        """What the log holds instead of a subject whose page was shown; only who has the key can make it."""
        return "v-" + hmac.new(self._key, f"viewed {subject}".encode(), sha256).hexdigest()[:32]

    def spent_text(self, actor: Actor) -> str:
        """Why a budget is spent, and when it comes back."""
        return (
            f"The budget is spent: {self.budgets.spent(actor.name):.1f} of {self.budgets.of(actor.name):.1f} by {actor.name},"
            f" {self.budgets.total:.1f} of {self.parameters.total_budget:.1f} by all. It comes back neither with time nor with"
            " new data; questions that were answered stay answered. A steward may grant more: groprog omics token --budget."
        )

    def _opened(self, circumstances: tuple[str, str]) -> Held:
        snapshot: Document = read_asset(self.workspace, "omics_catalog").value()
        path = writing.write_catalog(self.workspace.state, self.workspace.store, snapshot)
        catalog = Catalog(path, lambda purpose, studied: self._permitted(snapshot, purpose, studied))
        left = self._left(snapshot, catalog)
        secret, of_samples, of_carriers = (
            Secret(self._key, digest_value([data, left]) if left else data)
            for data in (
                writing.data_digest(snapshot),
                writing.data_digest(snapshot, writing.OF_SAMPLES),
                writing.data_digest(snapshot, more=writing.OF_CARRIERS),
            )
        )
        omics = self.workspace.study.omics
        grouping = omics.groups.column if omics is not None and omics.groups is not None else ""
        digest = writing.snapshot_digest(snapshot)
        same = self._held is not None and self._held.snapshot == digest  # another day, or somebody has withdrawn
        reference = self._held.reference if self._held is not None and same else ReferenceRows(catalog)
        return Held(
            digest, secret, self.parameters, catalog, circumstances, of_samples, of_carriers, reference, grouping
        )

    def _left(self, snapshot: Document, catalog: Catalog) -> str:
        """A mark of the subjects of the snapshot who have withdrawn since, or whose consent is no longer in force; "" of nobody.

        The noise depends on it: two answers with the same noise, before and after, would differ by the subjects who left.
        """
        there = {row["subject_id"] for row in catalog.rows("SELECT subject_id FROM subjects")}
        left = sorted(there - {*in_force_today(self.workspace, self._consents(snapshot))})
        return hmac.new(self._key, f"left {' '.join(left)}".encode(), sha256).hexdigest() if left else ""

    def _permitted(self, snapshot: Document, purpose: str, studied: tuple[str, ...]) -> list[str]:
        """The subjects whose valid consent allows a purpose today, without those who have withdrawn since the snapshot."""
        return permitted_today(self.workspace, self._consents(snapshot), purpose, studied)

    def _consents(self, snapshot: Document) -> Value:
        sha256_of = snapshot["tables"].get("consents")
        if sha256_of is None:
            raise ArtifactError(Problem("omics_catalog", "no consents", "Nobody is counted without.", "Run the study."))
        return self.workspace.store.get(Reference(sha256_of, "table", "consents"), "consents")
