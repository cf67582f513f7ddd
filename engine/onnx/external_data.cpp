#include "engine/onnx/external_data.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <span>

#include "engine/graph/messages.h"
#include "engine/onnx/parse_model.h"

namespace pare::engine {
namespace {

namespace fs = std::filesystem;
using onnx::TensorProto;

// Which bytes of which file a tensor is.
struct Part {
  std::string location;
  std::uintmax_t offset = 0;
  std::optional<std::uintmax_t> length;  // nullopt: up to the file's end
};

std::string where_of(const TensorProto& tensor) {
  return "constant " + in_quotes(tensor.name());
}

Result<std::uintmax_t> number_in(const std::string& text, const std::string& key,
                                 const std::string& where) {
  std::uintmax_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed == std::errc() && end == text.data() + text.size()) return number;
  return invalid(where + " keeps its data in another file at the " + key + " " + in_quotes(text) +
                 ", which is no number of bytes");
}

Result<Part> part_of(const TensorProto& tensor) {
  Part part;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") part.location = entry.value();
    if (entry.key() != "offset" && entry.key() != "length") continue;
    const auto number = number_in(entry.value(), entry.key(), where_of(tensor));
    if (!number) return number.error();
    if (entry.key() == "offset") part.offset = number.value();
    if (entry.key() == "length") part.length = number.value();
  }
  if (part.location.empty()) {
    return invalid(where_of(tensor) + " keeps its data in another file and does not name it");
  }
  return part;
}

// Where the file lies, if that is in the folder.
Result<fs::path> path_in(const fs::path& folder, const std::string& location,
                         const std::string& where) {
  const auto refused = [&](const std::string& why) {
    return invalid(where + " keeps its data in " + in_quotes(location) + ", " + why);
  };
  const fs::path named(location);
  if (location.find('\0') != std::string::npos) return refused("which is no path");
  if (named.is_absolute()) return refused("which is not in the model's folder");
  for (const fs::path& step : named) {
    if (step == "..") return refused("which is not in the model's folder");
  }
  std::error_code failed;
  if (!fs::exists(folder / named, failed)) {
    return Error{ErrorCode::kNotFound, where + " keeps its data in " + in_quotes(location) +
                                           ", and there is no " + (folder / named).string()};
  }
  const fs::path real = fs::canonical(folder / named, failed);
  if (failed) return refused("which cannot be read: " + failed.message());
  const fs::path root = fs::canonical(folder, failed);
  if (failed) return refused("whose folder cannot be read: " + failed.message());
  const auto [end, at] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
  if (end != root.end()) {
    return refused("a link that leads out of the model's folder, to " + real.string() +
                   ": put the file itself there");
  }
  if (!fs::is_regular_file(real, failed)) return refused("which is no file");
  return real;
}

// The bytes of the part; `left` is what there is room for.
Result<std::string> read_part(const fs::path& file, const Part& part, const std::string& where,
                              std::uintmax_t left) {
  std::error_code failed;
  const std::uintmax_t size = fs::file_size(file, failed);
  const std::uintmax_t begin = failed ? 0 : std::min(part.offset, size);
  const std::uintmax_t length = part.length.value_or(size - begin);
  const std::string named =
      where + " is " + (part.length ? std::to_string(length) + " bytes" : "the rest") +
      " from offset " + std::to_string(part.offset) + " of " + in_quotes(part.location);
  if (failed) return invalid(named + ", which cannot be read: " + failed.message());
  if (part.offset > size || length > size - part.offset) {
    return invalid(named + ", which has " + std::to_string(size) + " bytes");
  }
  if (length > left) {
    return unsupported(named +
                       ": with its weights the model has more than 2 GiB, and one ONNX "
                       "file has no room for them (protobuf's limit)");
  }
  std::string bytes(static_cast<std::size_t>(length), '\0');
  std::ifstream in(file, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(part.offset));
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!in) return invalid(named + ", which cannot be read");
  return bytes;
}

bool is_elsewhere(const TensorProto& tensor) {
  return tensor.data_location() == TensorProto::EXTERNAL || tensor.external_data_size() > 0;
}

// Every tensor of a model, wherever it stands.
class Tensors {
 public:
  explicit Tensors(std::function<void(TensorProto&)> visit) : visit_(std::move(visit)) {}

  void of(onnx::ModelProto& model) {
    of(*model.mutable_graph());
    for (auto& function : *model.mutable_functions()) of_nodes(*function.mutable_node());
  }

 private:
  void of(onnx::GraphProto& graph) {
    for (TensorProto& tensor : *graph.mutable_initializer()) visit_(tensor);
    for (auto& sparse : *graph.mutable_sparse_initializer()) of(sparse);
    of_nodes(*graph.mutable_node());
  }

  template <typename Nodes>
  void of_nodes(Nodes& nodes) {
    for (auto& node : nodes) {
      for (auto& attribute : *node.mutable_attribute()) of(attribute);
    }
  }

  void of(onnx::AttributeProto& attribute) {
    if (attribute.has_t()) visit_(*attribute.mutable_t());
    for (TensorProto& tensor : *attribute.mutable_tensors()) visit_(tensor);
    if (attribute.has_sparse_tensor()) of(*attribute.mutable_sparse_tensor());
    for (auto& sparse : *attribute.mutable_sparse_tensors()) of(sparse);
    if (attribute.has_g()) of(*attribute.mutable_g());
    for (auto& graph : *attribute.mutable_graphs()) of(graph);
  }

  void of(onnx::SparseTensorProto& sparse) {
    if (sparse.has_values()) visit_(*sparse.mutable_values());
    if (sparse.has_indices()) visit_(*sparse.mutable_indices());
  }

  std::function<void(TensorProto&)> visit_;
};

// Takes tensors into their model, one by one; used once.
class Joiner {
 public:
  Joiner(fs::path folder, std::uintmax_t size) : folder_(std::move(folder)), size_(size) {}

  Result<std::monostate> take_in(TensorProto& tensor) {
    const std::string where = where_of(tensor);
    if (tensor.data_type() == TensorProto::STRING) {
      return invalid(where + " is text, which no other file can keep");
    }
    const auto part = part_of(tensor);
    if (!part) return part.error();
    const auto file = path_in(folder_, part.value().location, where);
    if (!file) return file.error();
    auto bytes = read_part(file.value(), part.value(), where, kMostModelBytes - size_);
    if (!bytes) return bytes.error();
    size_ += bytes.value().size();
    files_.insert(part.value().location);
    tensor.clear_external_data();
    tensor.clear_data_location();
    tensor.set_raw_data(std::move(bytes).value());
    return std::monostate{};
  }

  std::vector<std::string> files() const { return {files_.begin(), files_.end()}; }

 private:
  fs::path folder_;
  std::uintmax_t size_;  // of the model so far
  std::set<std::string> files_;
};

// Of an ONNX model; nullopt: that is none.
std::optional<onnx::ModelProto> model_in(const fs::path& path, std::uintmax_t& size) {
  std::error_code failed;
  size = fs::file_size(path, failed);
  if (failed || size == 0 || size > kMostModelBytes) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(size), '\0');
  std::ifstream in(path, std::ios::binary);
  if (!in.read(bytes.data(), std::ssize(bytes))) return std::nullopt;
  auto model = parse_model(std::as_bytes(std::span(bytes)));
  if (!model) return std::nullopt;
  return std::move(model).value();
}

}  // namespace

Result<std::optional<JoinedModel>> join_external_data(const fs::path& path) {
  std::uintmax_t size = 0;
  std::optional<onnx::ModelProto> model = model_in(path, size);
  if (!model) return std::optional<JoinedModel>();
  std::vector<TensorProto*> elsewhere;
  Tensors([&](TensorProto& tensor) {
    if (is_elsewhere(tensor)) elsewhere.push_back(&tensor);
  }).of(*model);
  if (elsewhere.empty()) return std::optional<JoinedModel>();
  Joiner joiner(path.parent_path().empty() ? fs::path(".") : path.parent_path(), size);
  for (TensorProto* tensor : elsewhere) {
    const auto taken = joiner.take_in(*tensor);
    if (!taken) return taken.error();
  }
  JoinedModel joined{"", joiner.files()};
  if (!model->SerializeToString(&joined.onnx)) {
    return unsupported(
        "with its weights the model has more than 2 GiB, and one ONNX file has no "
        "room for them (protobuf's limit)");
  }
  return std::optional(std::move(joined));
}

}  // namespace pare::engine
