$(call daemon,qmqpd,src/qmqpd)
