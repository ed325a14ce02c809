"""Fast kernels for nascent transcription and survival analysis: arrays in, arrays out. Usable without the rest of GroProg.

    from groprog_kernels import hmm, reads

Importing the package loads nothing; each noun is a module with its own functions, NamedTuple results and docstrings that give
shapes, units, edges and sources. `docs/hmm_notebook.ipynb` shows the first ones at work.

From files
    reads            alignments (BAM, CRAM, SAM) to counted positions or windows, with the filter funnel
    records, bgzf    the stream of BAM records, and the compressed blocks under it
    quality          base qualities by cycle from FASTQ or alignments
Signal
    coverage         positions to window counts
    position_counts  keys in any order to counted positions
    window_counts    reads of intervals, summed profiles, binned windows
    hmm, viterbi     the two-state gamma model of transcription: fit, best path, posterior
    initiation       scores of transcription starts, their maxima, summits and pairs
    density          units around genes on a scaled axis
    pausing          the fullest window near a start, and the limits of a ratio of counts
    exact_tests      Fisher, Poisson and negative-binomial exact tests, one a row
Sequence
    bases            letters to codes, reverse complement, one-hot columns
    windows          windows of a chromosome on either strand, padded
    kmers            counts, presence on either strand, words that windows share
    dinucleotides    shuffles that keep the counts of neighbouring bases
    kmer_shares      values of k-mers shared among their bases
    motif_scores, motif_similarity    best scores of motifs in stretches; Tomtom's p of two motifs
Phenotypes
    ontology_closure    pairs of term and ancestor, reflexive
    phenotype_ranking   scores of all diseases for a patient's findings
Assays
    factor_model         factors that several assays share, whole assays missing allowed
    similarity_fusion    one network of samples from several
    combat           batch effects of many features: fit on training samples, removal from any
Survival
    censoring        Kaplan-Meier of survival and censoring, inverse-censoring weights
    neighbours       the nearest points of each, by float32 products, in float64 order
    concordance      Harrell's, Uno's and weighted concordance
    auc, brier       time-dependent AUC, Brier score and its integral
    cox              Efron partial likelihood, its gradient, Breslow's baseline
    pairs, pairs_spectral    comparable pairs and the ranking loss, exact and near-linear
    risk_sets        patients sorted by follow-up

Each noun has three neighbours: `<noun>.py` (public: checks at the door), `<noun>_numba.py` or `<noun>_cython.pyx`
(the loop) and `<noun>_reference.py` (the definition the loop must equal).
"""
