// TorchScript behind the harness frame.
//
// `pare-train torchscript`, which stands beside this program, converts the ONNX file when it is
// loaded (docs/adr/0037): a second, in a process of its own.  One inference thread pool of as many
// threads as asked; the module is frozen, unless an option says otherwise.
#pragma once

#include <torch/script.h>

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "worker/runtimes/frame/backend.h"

namespace pare::worker {

class TorchscriptBackend final : public Backend {
 public:
  TorchscriptBackend();

  BackendHello hello() override;
  Result<BackendModel> load(const BackendLoad& load) override;
  void bind(const std::map<std::string, BackendArray>& inputs,
            const std::map<std::string, BackendRoom>& outputs) override;
  void run() override;
  std::map<std::string, BackendArray> outputs() override;
  std::vector<BackendLayer> layers() override { return {}; }
  bool keep(const std::filesystem::path& file) override;
  void unload() override;

 private:
  Result<std::string> converted(const BackendLoad& load) const;
  void open(const std::string& script, const BackendLoad& load);
  Result<BackendModel> describe(const BackendLoad& load);
  void remember(const std::string& content);  // what keep() writes

  torch::jit::Module module_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> converted_{nullptr, std::fclose};
  std::vector<BackendTensor> inputs_;      // in the order of the module's arguments
  std::vector<std::string> output_names_;  // in the order of its results
  std::map<std::string, BackendRoom> rooms_;
  std::vector<torch::jit::IValue> arguments_;
  std::vector<torch::Tensor> results_;
};

}  // namespace pare::worker
