$(call command,qshape,src/qshape)
