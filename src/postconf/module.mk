$(call command,postconf,src/postconf)
