$(call daemon,virtual,src/virtual)
