* Experimental: this Stata is a node, and a server in another process fits over it.
cscript "fedfolder: a node" adofile fedfolder_node
capture fedfolder close
fedfolder nodes stop
fedfolder nodes start certification-demo/node2 certification-demo/node3
use certification-demo/site1/births.dta, clear
python: import subprocess
python: from fedfolder.process import interpreter
python: fit = [interpreter(), "-m", "fedfolder", "run", "certification-demo/server", "logit low age smoke", "--again"]
python: out = open("certification-demo/server.txt", "wb")
python: server = subprocess.Popen([*fit, "--json", "certification-demo/node.json"], stdout=out, stderr=out)
forvalues look = 1/60 {
    quietly fedfolder_node once certification-demo/node1
    python: from sfi import Macro; Macro.setLocal("ended", "" if server.poll() is None else str(server.poll()))
    if "`ended'" != "" continue, break
    sleep 500
}
assert "`ended'" == "0"
python: import json, pathlib; found = json.loads(pathlib.Path("certification-demo/node.json").read_text(encoding="utf-8"))
python: from sfi import Scalar; Scalar.setValue("certify_ll", found["ll"]); out.close()
assert reldif(scalar(certify_ll), -113.63814580140382) < 1e-12
