$(call daemon,spawn,src/spawn)
