$(call command,postqueue,src/postqueue)
