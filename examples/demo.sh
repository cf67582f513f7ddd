#!/usr/bin/env bash
# The main job on the example that ships: render boards, start Pare, search, show the fronts, compare two plans.
#   examples/demo.sh BIN_FOLDER [TRIALS]          (./dev demo builds first)
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
source tools/terminal.sh
readonly bin=$1 trials=${2:-24}
readonly pare=$bin/pare scenes=build/demo boards=examples/circuit_boards
export PARE_URL=http://127.0.0.1:${PARE_DEMO_PORT:-8471}

mkdir -p "$scenes"
heading "1. Render circuit boards: 128 to calibrate on, 256 to score on"
"$bin/pare-render-boards" --out "$scenes/calibration" --images 128 --seed 101
"$bin/pare-render-boards" --out "$scenes/validation" --images 256 --seed 202

heading "2. Start Pare on this machine: PostgreSQL, coordinator, workers"
serves() { "$pare" workers --json 2> /dev/null | grep -q '"idle"'; }
if ! serves; then
  "$pare" up --port "${PARE_URL##*:}" > "$scenes/up.log" 2>&1 &
  up=$!
  trap 'kill -TERM $up 2> /dev/null; wait $up 2> /dev/null || true' EXIT
  for _ in {1..120}; do
    serves && break
    kill -0 $up 2> /dev/null || break
    sleep 0.5
  done
  serves || { cat "$scenes/up.log"; exit 1; }
fi
"$pare" workers

heading "3. Register the detector, its trained corrections, the images and two targets"
"$pare" model add "$boards/detector.onnx" --name boards --card "$boards/detector.json"
"$pare" supernet add "$boards/supernet.safetensors"
"$pare" dataset add --name boards --calibration "$scenes/calibration" --val "$scenes/validation" --labels "$scenes/validation/labels.json"
"$pare" target add x86-openvino --runtime openvino --threads 1
"$pare" target add x86-onnxruntime --runtime onnxruntime --threads 1

heading "4. Search: $trials trials on both targets"
"$pare" submit --model boards --dataset boards --target x86-openvino --target x86-onnxruntime \
  --supernet "$(sha256sum < "$boards/supernet.safetensors" | cut -c1-64)" --trials "$trials" --seed 1 --json > "$scenes/job.json"
job=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])' < "$scenes/job.json")
"$pare" watch "$job"

heading "5. The front of each target"
"$pare" pareto "$job"

heading "6. A/B on the device: the original against the fastest within 1.0 mAP point"
best=$("$pare" pareto "$job" --target x86-onnxruntime --json | python3 -c '
import json, sys
front = json.load(sys.stdin)
front = front[0] if isinstance(front, list) else front
fits = [m for m in front["members"] if m["map_lost"] <= 1.0] or front["members"][-1:]
print(min(fits, key=lambda m: m["latency_ms"])["plan_sha256"])')
"$pare" compare "$job" --target x86-onnxruntime original "$best" || [ $? -eq 1 ]  # 1: no clear verdict
"$pare" download "$best" --output "$scenes/winner.onnx"
echo
echo "Everything stored is still there: ./dev up --port ${PARE_URL##*:} starts the service again."
