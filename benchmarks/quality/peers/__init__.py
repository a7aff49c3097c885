"""Other packages behind one small protocol, run in their own environment.

python -m benchmarks.quality.peers tune SASRec PART --minutes 15 --out best.json
python -m benchmarks.quality.peers fit SASRec PART --settings best.json --seed 0 --out lists.npz
python -m benchmarks.quality.peers metrics PART lists.npz
"""
