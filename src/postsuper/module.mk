$(call command,postsuper,src/postsuper)
