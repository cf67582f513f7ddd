// OpenVINO as a Backend.
//
// Threads are exactly those asked for, one stream, latency hint; fp32 is computed in fp32 (on
// processors with bf16 OpenVINO would lower it by itself).  Cores are left to the affinity that the
// process was given: two harnesses that pin by themselves would meet on core 0.
#pragma once

#include <map>
#include <openvino/openvino.hpp>
#include <set>
#include <string>
#include <vector>

#include "worker/runtimes/frame/backend.h"

namespace pare::worker {

class OpenvinoBackend final : public Backend {
 public:
  BackendHello hello() override;
  Result<BackendModel> load(const BackendLoad& load) override;
  void bind(const std::map<std::string, BackendArray>& inputs,
            const std::map<std::string, BackendRoom>& outputs) override;
  void run() override { request_.infer(); }
  std::map<std::string, BackendArray> outputs() override;
  std::vector<BackendLayer> layers() override;
  bool keep(const std::filesystem::path& file) override;
  void unload() override;

 private:
  ov::CompiledModel compile(const BackendLoad& load, const std::string& device);

  ov::Core core_;
  ov::CompiledModel model_;
  ov::InferRequest request_;
  std::set<std::string> lent_;  // outputs that the request writes into memory not its own
};

}  // namespace pare::worker
