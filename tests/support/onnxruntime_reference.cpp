#include "tests/support/onnxruntime_reference.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>
#include <vector>

namespace pare::engine::test {
namespace {

namespace fs = std::filesystem;

DType dtype_named(const std::string& name) {
  for (const DType dtype :
       {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kInt8, DType::kUint8,
        DType::kInt16, DType::kUint16, DType::kInt32, DType::kInt64, DType::kBool}) {
    if (name_of(dtype) == name) return dtype;
  }
  PARE_CHECK(false, "the reference has a tensor of type " + name);
}

Shape shape_named(const std::string& text) {
  Shape shape;
  std::istringstream dimensions(text == "scalar" ? "" : text);
  for (std::string one; std::getline(dimensions, one, 'x');) shape.push_back(std::stoll(one));
  return shape;
}

Tensor read_tensor(const fs::path& path, DType dtype, Shape shape) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
  return Tensor(dtype, std::move(shape), std::vector<std::byte>(begin, begin + bytes.size()));
}

Reference read(const fs::path& folder) {
  Reference reference;
  std::ifstream index(folder / "index.txt");
  std::string file, dtype, shape, name;
  while (index >> file >> dtype >> shape && index.get() == ' ' && std::getline(index, name)) {
    Tensor tensor = read_tensor(folder / file, dtype_named(dtype), shape_named(shape));
    if (file == "0.bin") {
      reference.input = std::move(tensor);
    } else {
      reference.tensors.emplace(name, std::move(tensor));
    }
  }
  return reference;
}

}  // namespace

Reference onnxruntime_reference(const fs::path& model, const ReferenceOptions& options) {
  std::string folder = (fs::temp_directory_path() / "pare_reference_XXXXXX").string();
  PARE_CHECK(::mkdtemp(folder.data()) != nullptr, "no scratch folder");
  const std::string command = std::string(PARE_PYTHON) + " " + PARE_TEST_TOOLS +
                              "/onnxruntime_reference.py '" + model.string() + "' " + folder +
                              (options.outputs_only ? " --outputs-only" : "") + " --range " +
                              std::to_string(options.low) + " " + std::to_string(options.high);
  PARE_CHECK(std::system(command.c_str()) == 0, command + " failed");
  Reference reference = read(folder);
  fs::remove_all(folder);
  return reference;
}

}  // namespace pare::engine::test
