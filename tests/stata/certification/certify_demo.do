* Three nodes with Stata's lbw data, as the following parts use them.
cscript "fedfolder: demo" adofile fedfolder
capture fedfolder nodes stop
fedfolder demo certification-demo, layout
fedfolder nodes start certification-demo/node1 certification-demo/node2 certification-demo/node3
