$(call command,postkick,src/postkick)
