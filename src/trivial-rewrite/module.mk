$(call daemon,trivial-rewrite,src/trivial-rewrite)
