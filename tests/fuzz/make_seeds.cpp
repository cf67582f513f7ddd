// make_fuzz_seeds FOLDER: the seeds of every fuzzer, from the generators of the tests.  The same
// seeds each time; those of faults that fuzzers found lie beside them under other names.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/graph/tensor_file.h"
#include "engine/onnx/onnx_io.h"
#include "host/npy.h"
#include "tests/support/graph_builder.h"
#include "tests/wire/random_documents.h"
#include "wire/dataset_archive.h"
#include "wire/job_json.h"
#include "wire/plan_json.h"
#include "wire/summary_json.h"
#include "wire/target_json.h"
#include "wire/worker_messages.h"

namespace pare::fuzz {
namespace {

namespace fs = std::filesystem;
using engine::test::GraphBuilder;

class Seeds {
 public:
  explicit Seeds(fs::path folder) : folder_(std::move(folder)) {}

  void add(const std::string& fuzzer, const std::string& name, const std::string& bytes) const {
    fs::create_directories(folder_ / fuzzer);
    std::ofstream(folder_ / fuzzer / name, std::ios::binary) << bytes;
  }
  // With the byte that picks the reader in front.
  void add(const std::string& fuzzer, const std::string& name, unsigned which,
           const std::string& bytes) const {
    add(fuzzer, name, static_cast<char>(which) + bytes);
  }

 private:
  fs::path folder_;
};

std::string bytes_of(const GraphBuilder& b) {
  return engine::export_onnx(b.build());
}

void add_models(const Seeds& seeds) {
  {
    GraphBuilder b;  // a residual block, batch normalisation, a depthwise convolution
    auto x = b.conv(b.input({1, 3, 8, 8}), {.channels = 4});
    x = b.relu(b.batch_norm(x));
    const auto y = b.conv(b.conv(x, {.channels = 4, .groups = 4}), {.channels = 4, .kernel = 1});
    b.output(b.conv(b.add(x, y), {.channels = 2, .kernel = 1}));
    seeds.add("onnx", "residual", bytes_of(b));
  }
  {
    GraphBuilder b;  // split, concat, shuffle, resize, pool
    const auto x = b.silu(b.conv(b.input({1, 3, 8, 8}), {.channels = 8}));
    const auto parts = b.split(x, {4, 4});
    const auto y = b.channel_shuffle(b.concat({parts[1], b.conv(parts[0], {.channels = 4})}), 2);
    const auto z = b.add(b.upsample(b.max_pool(y, 2, 2)), b.slice(y, 1, 0, 8));
    b.output(
        b.transpose(b.reshape(b.conv(z, {.channels = 2, .kernel = 1}), {1, 2, 64}), {0, 2, 1}));
    seeds.add("onnx", "movements", bytes_of(b));
  }
  {
    GraphBuilder b(2, 9);  // an old opset, two outputs, operators of one input
    auto x = b.conv(b.input({1, 3, 4, 4}), {.channels = 2});
    for (const char* op : {"Tanh", "Abs", "Sqrt", "Neg", "Exp", "Softplus"}) {
      x = b.node(op, {x}, {{1, 2, 4, 4}}).front();
    }
    b.output(x);
    b.output(b.conv(x, {.channels = 1}));
    seeds.add("onnx", "old", bytes_of(b));
  }
  GraphBuilder b;  // matrix products behind a pool
  const auto pooled =
      b.node("GlobalAveragePool", {b.conv(b.input({1, 3, 4, 4}), {})}, {{1, 8, 1, 1}});
  const auto flat = b.node("Flatten", pooled, {{1, 8}}, {{"axis", std::int64_t{1}}});
  const auto gemm = b.node("Gemm", {flat.front(), b.constant({8, 4}), b.constant({4})}, {{1, 4}});
  b.output(b.node("Softmax", gemm, {{1, 4}}, {{"axis", std::int64_t{1}}}).front());
  seeds.add("onnx", "products", bytes_of(b));
}

const char* const kLabels = R"({"images":[{"id":1,"file_name":"a.jpg","height":8,"width":8},
{"id":2,"file_name":"b.png"}],"categories":[{"id":1,"name":"x"},{"id":7,"name":"y"}],
"annotations":[{"id":1,"image_id":1,"category_id":7,"bbox":[1,2,3,4],"area":12,"iscrowd":0},
{"id":2,"image_id":2,"category_id":1,"bbox":[0,0,0.5,1e1]}],"info":{"a":[null,true]}})";

void add_dataset(const Seeds& seeds) {
  seeds.add("labels", "coco", kLabels);
  const fs::path folder = fs::temp_directory_path() / ("fuzz-seeds-" + std::to_string(::getpid()));
  for (const char* part : {"cal", "val"}) fs::create_directories(folder / part);
  const auto put = [&](const char* name, const char* text) {
    std::ofstream(folder / name) << text;
  };
  put("cal/c.jpg", "c");
  put("val/a.jpg", "a");
  put("val/b.png", "b");
  put("labels.json", kLabels);
  const auto archive = [&](const char* name, wire::DatasetSource source) {
    const fs::path tar = folder / "archive";
    if (!wire::write_dataset_archive(source, tar)) return;
    std::ifstream in(tar, std::ios::binary);
    seeds.add("archive", name, std::string{std::istreambuf_iterator<char>(in), {}});
  };
  archive("labelled", {folder / "cal", folder / "val", folder / "labels.json"});
  archive("plain", {folder / "cal", folder / "val", std::nullopt});
  fs::remove_all(folder);
}

void add_documents(const Seeds& seeds) {
  for (unsigned i = 0; i < 3; ++i) {
    wire::RandomDocuments random(i);
    const std::string n = std::to_string(i);
    seeds.add("card", "card" + n, 0, wire::card_to_json(random.card()));
    seeds.add("card", "partial" + n, 1, wire::card_to_json(random.partial_card()));
    seeds.add("card", "summary" + n, 2, wire::summary_to_json(random.summary()));
    seeds.add("plan", "plan" + n, wire::plan_to_json(random.plan()));
    seeds.add("bodies", "job" + n, 0, wire::job_to_json(random.job()));
    seeds.add("bodies", "target" + n, 1, wire::target_to_json(random.target()));
  }
  Plan narrow;  // of the space in plan.cpp
  narrow.height = narrow.width = 416;
  narrow.reconstruction = Reconstruction::kIndependent;
  narrow.widths["group0"] = 8;
  seeds.add("plan", "narrow", wire::plan_to_json(narrow));
  const std::string digest(64, 'a');
  seeds.add("plan", "asked", R"({"plans":[{"sha256":")" + digest + R"("}]})");
  seeds.add("bodies", "model", 2,
            R"({"name":"m","sha256":")" + digest + R"(","card":{"head":"yolox"}})");
  seeds.add("bodies", "dataset", 3, R"({"name":"d","sha256":")" + digest + R"("})");
  seeds.add("bodies", "comparison", 4,
            R"({"job":1,"target":"x","a":")" + digest + R"(","b":")" + digest +
                R"(","alpha":0.05,"max_blocks":20})");
  constexpr unsigned kKinds = std::variant_size_v<wire::TaskParams>;
  for (unsigned kind = 0; kind < kKinds; ++kind) {
    wire::RandomDocuments random(kind);
    const auto of = static_cast<TaskKind>(kind);
    wire::TaskDocument task;
    task.params = random.params(of);
    const std::string n = std::to_string(kind);
    seeds.add("outcomes", "task" + n, kind, wire::task_to_json(task));
    seeds.add("outcomes", "outcome" + n, kKinds + kind, wire::outcome_to_json(random.outcome(of)));
    seeds.add("outcomes", "result" + n, 2 * kKinds + kind, wire::result_to_json(random.result(of)));
  }
}

void add_messages(const Seeds& seeds) {
  const std::string session = "01234567-89ab-cdef-0123-456789abcdef";
  const auto from = [&](const char* name, auto body) {
    seeds.add("messages", name, 0, wire::encode(wire::FromWorker{session, std::move(body)}));
  };
  WorkerProfile profile;
  profile.name = "w1";
  profile.device_id = "d";
  profile.device_json = "{}";
  profile.pools = {"default"};
  from("hello", profile);
  from("request", wire::LeaseRequest{});
  from("heartbeat", wire::Heartbeat{{{TaskId{7}, 2, 0.5, "half"}}});
  from("lasting", wire::Heartbeat{{{TaskId{7},
                                    2,
                                    0.5,
                                    "half",
                                    3,
                                    Checkpoint{std::string(64, 'c'), 10, 41},
                                    {{41, {{"loss", 0.5}}}}}}});
  from("report", wire::TaskReport{TaskId{7}, 2, "{}"});
  from("goodbye", wire::Goodbye{});
  const auto to = [&](const char* name, wire::ToWorker message) {
    seeds.add("messages", name, 1, wire::encode(message));
  };
  Lease lease;
  lease.task = TaskId{7};
  lease.attempt = 2;
  to("welcome", wire::Welcome{});
  to("lease", lease);
  to("drop", wire::HeartbeatReply{{TaskId{7}}});
  to("still", wire::HeartbeatReply{{}, {{TaskId{7}, 2, 3}}});
  lease.resume_from = Checkpoint{std::string(64, 'c'), 10, 41};
  to("resume", lease);
  to("recorded", wire::ReportReply{TaskId{7}, 2, ReportVerdict::kRecorded});
  to("refusal", wire::Refusal{"no such session"});
}

void add_answers(const Seeds& seeds) {
  seeds.add(
      "answers", "hello", 0,
      R"({"contract":1,"runtime":"r","version":"1","versions":{"r":"1"},"precisions":["fp32"],)"
      R"("devices":["CPU"]})");
  seeds.add("answers", "load", 1,
            R"({"inputs":[{"name":"x","dtype":"float32","shape":[1,3,8,8]}],"outputs":)"
            R"([{"name":"boxes","dtype":"float32","shape":[1,-1,4]}],"load_ms":1.5,)"
            R"("memory_bytes":1024,"settings":{"threads":"1"}})");
  seeds.add("answers", "time", 2,
            R"({"samples_ms":[1.0,1.5,2],"warmup_runs":3,"warmup_ms":5,"stationary":true,)"
            R"("narrow":false,"layers":[{"name":"conv","type":"Conv","ms":0.5}]})");
  seeds.add("answers", "infer", 3,
            R"({"outputs":{"boxes":"/a.npy","scores":"/b.npy"},"infer_ms":2.5})");
  seeds.add("answers", "nothing", 4, "{}");
  seeds.add("answers", "refusal", 4, R"({"error":"unsupported","message":"no"})");
}

void add_tensors(const Seeds& seeds) {
  const auto tensor = engine::test::random_tensor({2, 3}, 1);
  const fs::path file =
      fs::temp_directory_path() / ("fuzz-seed-" + std::to_string(::getpid()) + ".npy");
  if (host::write_npy(file, "float32", tensor.shape(), tensor.bytes())) {
    std::ifstream in(file, std::ios::binary);
    seeds.add("tensors", "npy", 0, std::string{std::istreambuf_iterator<char>(in), {}});
  }
  fs::remove(file);
  seeds.add("tensors", "named", 1,
            engine::encode_tensor_file({{{"a", tensor}, {"b", tensor}}, {{"who", "me"}}}));
}

void add_requests(const Seeds& seeds) {
  seeds.add("requests", "get",
            "GET /v1/jobs/7/front?target=a%20b&limit=5 HTTP/1.1\r\nHost: localhost:7070\r\n\r\n");
  seeds.add("requests", "post",
            "POST /v1/jobs HTTP/1.1\r\nHost: [::1]:7070\r\nContent-Type: application/json\r\n"
            "Content-Length: 9\r\nConnection: close\r\nOrigin: null\r\n\r\n{\"a\":[1]}");
  seeds.add(
      "requests", "chunked",
      "PUT /v1/blobs/0 HTTP/1.0\nHost: a\nTransfer-Encoding: chunked\nExpect: 100-continue\n\n");
}

}  // namespace
}  // namespace pare::fuzz

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "make_fuzz_seeds FOLDER\n");
    return 2;
  }
  const pare::fuzz::Seeds seeds(argv[1]);
  pare::fuzz::add_models(seeds);
  pare::fuzz::add_dataset(seeds);
  pare::fuzz::add_documents(seeds);
  pare::fuzz::add_messages(seeds);
  pare::fuzz::add_answers(seeds);
  pare::fuzz::add_tensors(seeds);
  pare::fuzz::add_requests(seeds);
}
