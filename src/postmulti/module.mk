$(call command,postmulti,src/postmulti)
