module gogarbage

go 1.19
