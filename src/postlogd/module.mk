$(call daemon,postlogd,src/postlogd)
