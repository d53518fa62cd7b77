$(call command,postdrop,src/postdrop)
