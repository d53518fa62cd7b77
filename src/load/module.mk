# Load generators, and servers that swallow what they send.
$(call library,load,src/load/common)
$(call command,smtp-source,src/load/smtp-source)
$(call command,smtp-sink,src/load/smtp-sink)
$(call command,qmqp-source,src/load/qmqp-source)
$(call command,qmqp-sink,src/load/qmqp-sink)
