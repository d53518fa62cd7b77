$(call command,postfix,src/postfix)
