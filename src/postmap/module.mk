$(call command,postmap,src/postmap)
