$(call command,postlock,src/postlock)
