$(call command,postmap,src/postmap src/postmap/common)
