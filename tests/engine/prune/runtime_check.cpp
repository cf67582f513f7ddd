#include "tests/engine/prune/runtime_check.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/check.h"
#include "engine/onnx/onnx_io.h"

namespace pare::engine::test {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const Graph& graph) {
  std::ofstream file(path, std::ios::binary);
  file << export_onnx(graph);
  PARE_CHECK(file.good(), "cannot write " + path.string());
}

}  // namespace

RuntimeCheck::RuntimeCheck() {
  std::string folder = (fs::temp_directory_path() / "pare_pruned_XXXXXX").string();
  PARE_CHECK(::mkdtemp(folder.data()) != nullptr, "no scratch folder");
  folder_ = folder;
}

RuntimeCheck::~RuntimeCheck() {
  fs::remove_all(folder_);
}

void RuntimeCheck::add(const std::string& name, const Graph& pruned, const Graph& muted,
                       const Graph& original) {
  write(folder_ / (name + ".a.onnx"), muted);
  write(folder_ / (name + ".b.onnx"), pruned);
  write(folder_ / (name + ".c.onnx"), original);
}

std::map<std::string, RuntimeCheck::Differences> RuntimeCheck::run() const {
  const fs::path said = folder_ / "said.txt";
  const std::string command = std::string(PARE_PYTHON) + " " + PARE_TEST_TOOLS +
                              "/compare_models.py " + folder_.string() + " > " + said.string();
  PARE_CHECK(std::system(command.c_str()) == 0, command + " failed");
  std::map<std::string, Differences> found;
  std::ifstream lines(said);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name, pruned, original;
    words >> name >> pruned >> original;
    found[name] = {std::stod(pruned), std::stod(original)};
  }
  return found;
}

}  // namespace pare::engine::test
