"""The graph: one module an asset, named as the method it calls. An asset reads as a sentence: one method, one `materialized`.

Methods and torch are imported inside the functions, so that loading the definitions stays light.
"""
