$(call library,sasl,src/sasl)
