$(call command,postcat,src/postcat)
