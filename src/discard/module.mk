$(call daemon,discard,src/discard)
