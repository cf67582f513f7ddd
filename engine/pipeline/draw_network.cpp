#include "engine/pipeline/draw_network.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <vector>

namespace pare::engine {
namespace {

constexpr std::size_t kLongestName = 34;  // columns of a node
// Of the colours' ends: below the first nobody sees a difference, above the second all is lost.
constexpr double kHarmless = 1e-3;
constexpr double kRuinous = 1;
constexpr double kGreen = 0.33;  // hues
constexpr double kMacsHue = 0.58;
constexpr double kSmallestMacs = 1e-3;  // share
constexpr double kLargestMacs = 0.1;
constexpr const char* kGrey = "0 0 0.85";

std::string printed(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

// As a string of Graphviz's language, where a backslash begins an escape.
std::string dot_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// Lines, centred.
std::string label_of(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) {
    if (line.empty()) continue;
    const std::string quoted = dot_string(line);
    out += (out.empty() ? "" : "\\n") + quoted.substr(1, quoted.size() - 2);
  }
  return "\"" + out + "\"";
}

// The end of a long one says more than its beginning.
std::string short_name(const std::string& name) {
  if (name.size() <= kLongestName) return name;
  std::size_t from = name.size() - kLongestName + 1;
  while (from < name.size() && (static_cast<unsigned char>(name[from]) & 0xC0U) == 0x80U) ++from;
  return "…" + name.substr(from);
}

std::string sides_of(const std::vector<int>& kernel) {
  std::string out;
  for (const int side : kernel) out += (out.empty() ? "" : "x") + std::to_string(side);
  return out;
}

// Where a value stands between the two, on a logarithmic scale, in [0, 1].
double place_of(double value, double low, double high) {
  if (!(value > low)) return 0;
  return std::min(1.0, std::log(value / low) / std::log(high / low));
}

std::string damage_colour(double damage) {
  return printed("%.3f 0.55 1", kGreen * (1 - place_of(damage, kHarmless, kRuinous)));
}

std::string macs_colour(double share) {
  return printed("%.2f ", kMacsHue) +
         printed("%.2f 1", 0.6 * place_of(share, kSmallestMacs, kLargestMacs));
}

class Drawing {
 public:
  Drawing(const Detector& detector, const ModelSummary& summary,
          const std::optional<Guidance>& guidance)
      : detector_(detector), summary_(summary), guidance_(guidance) {
    for (const Layer& layer : summary.layers) layers_[layer.name] = &layer;
    for (const ChannelGroup& group : summary.groups) {
      for (const std::string& layer : group.producers) groups_[layer] = &group;
    }
    for (const FrozenChannels& frozen : summary.frozen) frozen_[frozen.layer] = &frozen;
  }

  std::string run() {
    begin();
    add_legend();
    for (const TensorInfo& input : detector_.body.inputs) add_input(input);
    for (std::size_t i = 0; i < detector_.body.nodes.size(); ++i) add_node(i);
    add_head();
    return std::move(out_) + "}\n";
  }

 private:
  void begin() {
    out_ =
        "digraph network {\n"
        "  rankdir=TB; nodesep=0.3; ranksep=0.28; fontname=\"Helvetica\";\n"
        "  node [shape=box, style=\"filled,rounded\", fillcolor=white, color=\"0 0 0.4\",\n"
        "        fontname=\"Helvetica\", fontsize=11, margin=\"0.12,0.05\"];\n"
        "  edge [color=\"0 0 0.35\", arrowsize=0.6];\n";
  }

  void add_swatch(const std::string& id, const std::string& colour, const std::string& text) {
    out_.append("    ").append(id).append(" [label=").append(label_of({text}));
    out_.append(", fillcolor=\"").append(colour).append("\"];\n");
  }

  void add_arrow(const std::string& from, const std::string& to) {
    out_.append("  ").append(from).append(" -> ").append(to).append(";\n");
  }

  void add_legend() {
    const std::string what = guidance_
                                 ? "expected damage with three quarters of the channels"
                                 : "share of the MACs (with calibration images: expected damage)";
    out_ += "  subgraph cluster_legend {\n    fontsize=11; color=\"0 0 0.7\"; label=" +
            label_of({what}) + ";\n";
    if (guidance_) {
      for (const double damage : {0.001, 0.01, 0.1, 1.0}) {
        std::string text = damage <= kHarmless ? "up to " : "";
        text += printed("%g", damage);
        if (damage >= kRuinous) text += " and more";
        add_swatch("legend" + printed("%.0f", damage * 1000), damage_colour(damage), text);
      }
    } else {
      for (const double share : {0.001, 0.01, 0.1}) {
        add_swatch("legend" + printed("%.0f", share * 1000), macs_colour(share),
                   printed("%g %%", share * 100));
      }
    }
    add_swatch("legendfrozen", kGrey, "cannot go");
    out_ += "  }\n";
  }

  void add_input(const TensorInfo& input) {
    out_ += "  input [shape=oval, label=" + label_of({input.name, to_string(input.shape)}) + "];\n";
    drawn_[input.name] = "input";
  }

  // The drawn nodes that a node's inputs come from, each once, in their order.
  std::vector<std::string> sources_of(const Node& node) const {
    std::vector<std::string> sources;
    for (const std::string& tensor : tensors_read(node)) {
      const auto from = drawn_.find(tensor);
      if (from == drawn_.end()) continue;  // a constant
      if (std::ranges::find(sources, from->second) == sources.end()) {
        sources.push_back(from->second);
      }
    }
    return sources;
  }

  std::string shape_text(const std::string& tensor) const {
    const auto shape = detector_.observed.shapes.find(tensor);
    return shape == detector_.observed.shapes.end() ? std::string() : to_string(shape->second);
  }

  bool changes_shape(const Node& node) const {
    for (const std::string& tensor : node.inputs) {
      if (drawn_.contains(tensor)) return shape_text(tensor) != shape_text(node.outputs.front());
    }
    return true;
  }

  void add_node(std::size_t index) {
    const Node& node = detector_.body.nodes[index];
    const std::vector<std::string> sources = sources_of(node);
    if (sources.empty() && !layers_.contains(node.name)) return;  // of constants alone
    std::string id = sources.empty() ? "" : sources.front();
    if (layers_.contains(node.name) || sources.size() > 1 || changes_shape(node)) {
      id = "n" + std::to_string(index);
      out_ += "  " + id + " [" + looks_of(node) + "];\n";
      for (const std::string& from : sources) add_arrow(from, id);
    }
    for (const std::string& tensor : node.outputs) drawn_[tensor] = id;
  }

  std::string looks_of(const Node& node) const {
    const auto layer = layers_.find(node.name);
    if (layer == layers_.end()) {
      return "shape=oval, label=" + label_of({node.op + " " + shape_text(node.outputs.front())}) +
             ", tooltip=" + label_of({node.name});
    }
    return looks_of(node, *layer->second);
  }

  std::string looks_of(const Node& node, const Layer& layer) const {
    const double share = summary_.macs > 0
                             ? static_cast<double>(layer.macs) / static_cast<double>(summary_.macs)
                             : 0;
    const std::string parts = layer.groups > 1 ? " in " + std::to_string(layer.groups) : "";
    std::string work = printed("%.1f", 100 * share) + " % of MACs";
    std::string colour = macs_colour(share);
    std::string tooltip = node.name;
    if (const auto frozen = frozen_.find(layer.name); frozen != frozen_.end()) {
      if (guidance_ || !groups_.contains(layer.name)) colour = kGrey;
      tooltip += ": " + frozen->second->reason;
    } else if (const auto damage = damage_of(layer.name)) {
      work += ", damage " + printed("%.2g", *damage);
      colour = damage_colour(*damage);
    } else if (guidance_) {
      colour = "0 0 1";  // not measured
    }
    return "label=" +
           label_of({short_name(node.name),
                     layer.op + " " + sides_of(layer.kernel) + parts + ", " +
                         std::to_string(layer.in_channels) + " > " +
                         std::to_string(layer.out_channels),
                     shape_text(node.outputs.front()), work}) +
           ", fillcolor=\"" + colour + "\", tooltip=" + label_of({tooltip});
  }

  // Of the width nearest to three quarters, from above.
  std::optional<double> damage_of(const std::string& layer) const {
    const auto group = groups_.find(layer);
    if (!guidance_ || group == groups_.end()) return std::nullopt;
    const auto known =
        std::ranges::find(guidance_->groups, group->second->name, &GroupSensitivity::group);
    if (known == guidance_->groups.end()) return std::nullopt;
    for (std::size_t i = 0; i < known->widths.size(); ++i) {
      if (4 * known->widths[i] >= 3 * group->second->channels) return known->damage[i];
    }
    return known->damage.empty() ? std::nullopt : std::optional(known->damage.back());
  }

  void add_head() {
    out_ += "  head [shape=house, orientation=180, label=" +
            label_of({"head " + detector_.card.head, std::to_string(detector_.card.height) + "x" +
                                                         std::to_string(detector_.card.width)}) +
            ", fillcolor=\"0 0 0.93\"];\n";
    std::set<std::string> joined;
    for (const TensorInfo& output : detector_.body.outputs) {
      const auto from = drawn_.find(output.name);
      if (from == drawn_.end() || !joined.insert(from->second).second) continue;
      add_arrow(from->second, "head");
    }
  }

  const Detector& detector_;
  const ModelSummary& summary_;
  const std::optional<Guidance>& guidance_;
  std::map<std::string, const Layer*, std::less<>> layers_;
  std::map<std::string, const ChannelGroup*, std::less<>> groups_;  // by layer that makes it
  std::map<std::string, const FrozenChannels*, std::less<>> frozen_;
  std::map<std::string, std::string, std::less<>> drawn_;  // tensor: the node that stands for it
  std::string out_;
};

}  // namespace

std::string draw_network(const Detector& detector, const ModelSummary& summary,
                         const std::optional<Guidance>& guidance) {
  return Drawing(detector, summary, guidance).run();
}

}  // namespace pare::engine
