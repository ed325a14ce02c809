"""The GroProg data assets: from read files and clinical records to an audited risk report."""
