#include "engine/train/checkpoint.h"

#include <map>
#include <string>

namespace pare::engine {
namespace {

// torch splits names of an archive at dots.
std::string key_of(std::string name) {
  for (char& c : name) {
    if (c == '.') c = '/';
  }
  return name;
}

std::map<std::string, torch::Tensor> live_tensors(const GraphModule& module) {
  std::map<std::string, torch::Tensor> tensors = module.statistics();
  for (const TrainableParameter& p : module.parameters()) tensors[p.name] = p.value;
  return tensors;
}

void write(torch::serialize::OutputArchive& archive, const std::string& section,
           const std::map<std::string, torch::Tensor>& tensors) {
  torch::serialize::OutputArchive part;
  for (const auto& [name, value] : tensors) part.write(key_of(name), value.detach());
  archive.write(section, part);
}

void read(torch::serialize::InputArchive& archive, const std::string& section,
          const std::map<std::string, torch::Tensor>& tensors) {
  const torch::NoGradGuard no_grad;
  torch::serialize::InputArchive part;
  archive.read(section, part);
  for (const auto& [name, value] : tensors) {
    torch::Tensor stored;
    part.read(key_of(name), stored);
    value.detach().copy_(stored);
  }
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, int epochs_done, const GraphModule& module,
                     WeightAverage& average, torch::optim::Optimizer& optimizer) {
  torch::serialize::OutputArchive archive, state;
  write(archive, "weights", live_tensors(module));
  write(archive, "average", average.values());
  archive.write("progress", torch::tensor({static_cast<std::int64_t>(epochs_done), average.updates},
                                          torch::kInt64));
  optimizer.save(state);
  archive.write("optimizer", state);
  std::filesystem::path part = path;
  part += ".part";
  archive.save_to(part.string());
  std::filesystem::rename(part, path);
}

Result<int> load_checkpoint(const std::filesystem::path& path, GraphModule& module,
                            WeightAverage& average, torch::optim::Optimizer& optimizer) {
  if (!std::filesystem::exists(path)) return 0;
  try {
    torch::serialize::InputArchive archive, state;
    archive.load_from(path.string());
    read(archive, "weights", live_tensors(module));
    read(archive, "average", average.values());
    torch::Tensor progress;
    archive.read("progress", progress);
    archive.read("optimizer", state);
    optimizer.load(state);
    average.updates = progress[1].item<std::int64_t>();
    return progress[0].item<int>();
  } catch (const c10::Error& error) {
    const std::string what = error.what_without_backtrace();
    return Error{ErrorCode::kInvalidArgument,
                 "checkpoint " + path.string() + ": " + what.substr(0, what.find('\n'))};
  }
}

}  // namespace pare::engine
