#include "engine/onnx/tidy_model.h"

#include <map>
#include <utility>

#include "core/version.h"
#include "engine/graph/messages.h"

namespace pare::engine {
namespace {

constexpr const char* kOurs = "pare";
constexpr const char* kOurVersionKey = "pare.version";

const char* fault_of(const std::string& name) {
  return is_utf8(name) ? "has control characters" : "is not UTF-8";
}

// Renames tensors in a graph and in those inside it.
class TensorNames {
 public:
  explicit TensorNames(const onnx::GraphProto& graph) { collect(graph); }

  void replace(onnx::GraphProto& graph) {
    for (auto& tensor : *graph.mutable_initializer()) replace(*tensor.mutable_name());
    for (auto& info : *graph.mutable_input()) replace(*info.mutable_name());
    for (auto& info : *graph.mutable_output()) replace(*info.mutable_name());
    for (auto& node : *graph.mutable_node()) {
      for (std::string& name : *node.mutable_input()) replace(name);
      for (std::string& name : *node.mutable_output()) replace(name);
      for (auto& attribute : *node.mutable_attribute()) {
        if (attribute.has_g()) replace(*attribute.mutable_g());
        for (auto& inner : *attribute.mutable_graphs()) replace(inner);
      }
    }
    graph.clear_value_info();  // may name them too, and is not read
  }

  const std::map<std::string, std::string>& renamed() const { return renamed_; }

 private:
  void collect(const onnx::GraphProto& graph) {
    for (const auto& tensor : graph.initializer()) taken_.insert(tensor.name());
    for (const auto& info : graph.input()) taken_.insert(info.name());
    for (const auto& node : graph.node()) {
      taken_.insert(node.output().begin(), node.output().end());
      for (const auto& attribute : node.attribute()) {
        if (attribute.has_g()) collect(attribute.g());
        for (const auto& inner : attribute.graphs()) collect(inner);
      }
    }
  }

  void replace(std::string& name) {
    if (is_plain_text(name)) return;
    const auto [known, is_new] = renamed_.try_emplace(name);
    if (is_new) {
      do {
        known->second = "tensor_" + std::to_string(++number_);
      } while (!taken_.insert(known->second).second);
    }
    name = known->second;
  }

  std::set<std::string> taken_;
  std::map<std::string, std::string> renamed_;
  int number_ = 0;
};

Error unusable(const char* what, const std::string& name) {
  return unsupported(std::string(what) + " " + in_quotes(name) + ": its name " + fault_of(name) +
                     "; whoever runs the model needs the name, so it is not changed here: give " +
                     "it another one and export again");
}

Result<std::monostate> check_edges(const onnx::GraphProto& graph) {
  std::set<std::string> weights;
  for (const auto& tensor : graph.initializer()) weights.insert(tensor.name());
  for (const auto& info : graph.input()) {
    if (!is_plain_text(info.name()) && !weights.contains(info.name())) {
      return unusable("input", info.name());
    }
  }
  for (const auto& info : graph.output()) {
    if (!is_plain_text(info.name())) return unusable("output", info.name());
  }
  return std::monostate{};
}

void rename_nodes(onnx::GraphProto& graph, Notes& notes) {
  std::set<std::string> taken;
  for (const auto& node : graph.node()) taken.insert(node.name());
  std::vector<std::string> replaced;
  std::string first, renamed;
  for (int i = 0; i < graph.node_size(); ++i) {
    onnx::NodeProto& node = *graph.mutable_node(i);
    if (is_plain_text(node.name())) continue;
    if (replaced.empty()) {
      first = "The name " + in_quotes(node.name()) + " of a node (" + shown(node.op_type()) +
              ", number " + std::to_string(i) + ") " + fault_of(node.name());
    }
    replaced.push_back(node.name());
    std::string name = shown(node.op_type()) + "_" + std::to_string(i);
    while (!taken.insert(name).second) name += "_";
    node.set_name(name);
    if (replaced.size() == 1) renamed = name;
  }
  if (replaced.empty()) return;
  notes.push_back(first + ": it is " + in_quotes(renamed) + " here" +
                  (replaced.size() == 1 ? std::string(".")
                                        : ", and " + std::to_string(replaced.size() - 1) +
                                              " more are named likewise."));
}

// Text, or nothing and a note.
std::string text_or_nothing(const std::string& text, const std::string& what, Notes& notes) {
  if (is_utf8(text)) return text;
  notes.push_back(what + " is not UTF-8 and is not kept.");
  return "";
}

void add_metadata(onnx::ModelProto& model, const std::string& key, const std::string& value) {
  onnx::StringStringEntryProto& entry = *model.add_metadata_props();
  entry.set_key(key);
  entry.set_value(value);
}

std::vector<std::string> unread_constants(const Graph& graph) {
  std::set<std::string> read;
  for (const TensorInfo& output : graph.outputs) read.insert(output.name);
  for (const Node& node : graph.nodes) {
    for (std::string& name : tensors_read(node)) read.insert(std::move(name));
  }
  std::vector<std::string> unread;
  for (const auto& [name, tensor] : graph.constants) {
    if (!read.contains(name)) unread.push_back(name);
  }
  return unread;
}

}  // namespace

std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 3;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    list += (i == 0 ? "" : ", ") + in_quotes(names[i]);
  }
  if (names.size() > kShown) list += " and " + std::to_string(names.size() - kShown) + " more";
  return list;
}

Result<std::monostate> tidy_names(onnx::ModelProto& model, Notes& notes) {
  onnx::GraphProto& graph = *model.mutable_graph();
  if (auto sound = check_edges(graph); !sound) return sound;
  rename_nodes(graph, notes);
  TensorNames names(graph);
  names.replace(graph);
  if (!names.renamed().empty()) {
    const auto& [old, now] = *names.renamed().begin();
    notes.push_back("The names of " + std::to_string(names.renamed().size()) +
                    " tensors inside the network are no text (UTF-8 without control characters), "
                    "and were replaced: " +
                    in_quotes(old) + " is " + in_quotes(now) + " here.");
  }
  return std::monostate{};
}

Provenance read_provenance(const onnx::ModelProto& model, Notes& notes) {
  Provenance about;
  for (const auto& entry : model.metadata_props()) {
    if (entry.key() == kOurVersionKey) continue;
    const std::string what = "The metadata " + in_quotes(entry.key());
    if (!is_utf8(entry.key())) {
      notes.push_back(what + " has a key that is not UTF-8 and is not kept.");
    } else if (is_utf8(entry.value())) {
      const auto [kept, is_new] = about.metadata.try_emplace(entry.key(), entry.value());
      if (!is_new) notes.push_back(what + " is there twice: the first is kept.");
    } else {
      notes.push_back(what + " is not UTF-8 and is not kept.");
    }
  }
  about.producer = text_or_nothing(model.producer_name(), "The producer's name", notes);
  about.producer_version =
      text_or_nothing(model.producer_version(), "The producer's version", notes);
  if (about.producer == kOurs) about.producer = about.producer_version = "";
  about.domain = text_or_nothing(model.domain(), "The model's domain", notes);
  about.model_version = model.model_version();
  about.doc = text_or_nothing(model.doc_string(), "The model's description", notes);
  about.graph_name = text_or_nothing(model.graph().name(), "The graph's name", notes);
  if (about.graph_name == kOurs) about.graph_name = "";
  about.graph_doc = text_or_nothing(model.graph().doc_string(), "The graph's description", notes);
  return about;
}

void write_provenance(const Provenance& about, onnx::ModelProto& model) {
  const bool ours = about.producer.empty();
  model.set_producer_name(ours ? kOurs : about.producer);
  model.set_producer_version(ours ? kVersion : about.producer_version);
  for (const auto& [key, value] : about.metadata) add_metadata(model, key, value);
  if (!ours) add_metadata(model, kOurVersionKey, kVersion);
  if (!about.domain.empty()) model.set_domain(about.domain);
  if (about.model_version != 0) model.set_model_version(about.model_version);
  if (!about.doc.empty()) model.set_doc_string(about.doc);
  onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name(about.graph_name.empty() ? kOurs : about.graph_name);
  if (!about.graph_doc.empty()) graph.set_doc_string(about.graph_doc);
}

void note_what_is_dropped(const onnx::ModelProto& model, const Graph& graph, Notes& notes) {
  if (const auto unread = unread_constants(graph); !unread.empty()) {
    notes.push_back("Read by nothing, so candidates are without: " + some_of(unread) + ".");
  }
  int texts = 0;
  for (const auto& node : model.graph().node()) texts += node.doc_string().empty() ? 0 : 1;
  if (texts > 0) {
    notes.push_back("The descriptions of " + std::to_string(texts) +
                    " nodes (doc_string) are not kept in candidates.");
  }
  if (model.training_info_size() > 0) {
    notes.push_back("The file's training information is not kept in candidates.");
  }
  if (model.graph().quantization_annotation_size() > 0) {
    notes.push_back("The file's quantization annotations are not kept in candidates.");
  }
}

}  // namespace pare::engine
