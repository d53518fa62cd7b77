$(call command,postlog,src/postlog)
