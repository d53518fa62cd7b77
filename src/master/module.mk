$(call daemon,master,src/master)
