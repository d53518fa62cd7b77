$(call daemon,nbdb_reindexd,src/nbdb_reindexd)
