$(call library,util,src/util/base src/util/text src/util/file src/util/event src/util/net src/util/ipc src/util/process src/util/log)
