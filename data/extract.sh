#!/bin/sh
# Cuts this repository's extracts out of the full data sets, rows untouched: data/extract.sh <folder of full sets>
set -eu
from=$1
to=$(dirname "$0")
a=environment-sensorcommunity-aberdeen
w=wireless-lorawan-grenoble
mkdir -p "$to/$a/reference" "$to/$w/helium" "$to/$w/sainteynard"
for t in sds011 dht22 bme280; do
  zcat "$from/$a/${t}_2019-03-11_2019-03-24.csv.gz" \
    | awk -F';' 'NR==1 || substr($6,1,10)>="2019-03-21"' | gzip -9n > "$to/$a/${t}_2019-03-21_2019-03-24.csv.gz"
done
for f in "$from/$a"/reference/*.csv; do
  name=$(basename "$f" _2019-03-11_2019-03-24.csv)
  awk -F, 'NR==1 || $1 ~ /2019-03-2[1-5]/ || $1 ~ /2[1-5]\/0?3\/2019/' "$f" > "$to/$a/reference/${name}_2019-03-21_2019-03-24.csv"
done
days() { zcat "$1" | grep -E "\"_date\":\"($2)T" | gzip -9n > "$3"; }
days "$from/$w/sainteynard/d1d1e80000000033_campusiot.ndjson.gz" '2023-07-1[3-6]' "$to/$w/sainteynard/d1d1e80000000033_campusiot.ndjson.gz"
days "$from/$w/helium/EMS_A81758FFFE04B1C1.ndjson.gz" '2023-05-0[7-9]|2023-05-10' "$to/$w/helium/EMS_A81758FFFE04B1C1.ndjson.gz"
days "$from/$w/helium/FTD_0018B20000020.ndjson.gz" '2022-04-09|2022-04-1[0-2]' "$to/$w/helium/FTD_0018B20000020.ndjson.gz"
cp "$from/$w/sainteynard/endpoints.json" "$to/$w/sainteynard/"
cp "$from/$w/helium/endpoints.csv" "$to/$w/helium/"
cp "$from/$w/LICENSE.txt" "$to/$w/"
cd "$to"
find . -type f \( -name '*.gz' -o -name '*.csv' -o -name '*.json' -o -name '*.txt' \) | LC_ALL=C sort | xargs sha256sum > SHA256SUMS
