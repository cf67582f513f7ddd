#include "engine/pipeline/stored_activations.h"

#include <algorithm>
#include <cmath>

#include "engine/pipeline/prepare.h"

namespace pare::engine {
namespace {

std::span<const int> entry(const std::map<std::string, std::vector<int>>& all,
                           const std::string& name) {
  const auto found = all.find(name);
  return found == all.end() ? std::span<const int>{} : std::span<const int>(found->second);
}

// The whole matrix of the columns that stay, each times its factor.
InputMoments of_columns(const Gram& gram, const std::vector<std::int64_t>& columns,
                        const std::vector<double>& factors) {
  const auto at = [&](std::int64_t row, std::int64_t column) {
    if (row > column) std::swap(row, column);
    const std::int64_t before = row * gram.size - row * (row - 1) / 2;
    return double{gram.triangle[static_cast<std::size_t>(before + column - row)]};
  };
  InputMoments out{std::ssize(columns), {}};
  out.values.reserve(columns.size() * columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    for (std::size_t j = 0; j < columns.size(); ++j) {
      out.values.push_back(at(columns[i], columns[j]) * factors[i] * factors[j]);
    }
  }
  return out;
}

}  // namespace

StoredActivations::StoredActivations(const TensorFile& file, const Plan& plan,
                                     const PrunedGraph& pruned, const EqualizedGraph& equalized)
    : file_(file), plan_(plan), pruned_(pruned), equalized_(equalized) {}

QuantizationSources StoredActivations::sources() const {
  return {
      [this](const std::string& tensor) { return values(tensor); },
      [this](const std::string& tensor, int channel) { return channel_values(tensor, channel); },
      [this](const std::string& layer) { return moments(layer); }};
}

std::span<const int> StoredActivations::kept(const std::string& tensor) const {
  return entry(pruned_.kept, tensor);
}

std::span<const int> StoredActivations::halvings(const std::string& tensor) const {
  return entry(equalized_.halvings, tensor);
}

Result<const ActivationHistogram*> StoredActivations::histogram(const std::string& tensor) const {
  const auto known = histograms_.find(tensor);
  if (known != histograms_.end()) return &known->second;
  auto read = find_histogram(file_, plan_.height, plan_.width, tensor);
  if (!read) return read.error();
  return &histograms_.emplace(tensor, std::move(read).value()).first->second;
}

Result<Distribution> StoredActivations::values(const std::string& tensor) const {
  const auto found = histogram(tensor);
  if (!found) return found.error();
  return found.value()->distribution(kept(tensor), halvings(tensor));
}

Result<Distribution> StoredActivations::channel_values(const std::string& tensor,
                                                       int channel) const {
  const auto found = histogram(tensor);
  if (!found) return found.error();
  const auto c = static_cast<std::size_t>(channel);
  const auto originals = kept(tensor);
  const auto powers = halvings(tensor);
  const int original = originals.empty() ? channel : originals[c];
  return found.value()->distribution(std::span(&original, 1),
                                     powers.empty() ? powers : powers.subspan(c, 1));
}

std::optional<InputMoments> StoredActivations::moments(const std::string& layer) const {
  if (!statistics_) statistics_ = load_statistics(file_);
  if (!*statistics_) return std::nullopt;
  const Statistics& statistics = statistics_->value();
  const auto key = statistics.gram_of.find(layer);
  const Node* const node = find_node(equalized_.graph, layer);
  if (key == statistics.gram_of.end() || node == nullptr) return std::nullopt;
  if (int_attribute(*node, "group", 1) != 1) return std::nullopt;
  const Gram& gram = statistics.grams.at(key->second);

  const Shape& weights = equalized_.graph.constants.at(node->inputs[1]).shape();
  const std::int64_t kernel = element_count(weights) / (weights[0] * weights[1]);
  const auto originals = kept(node->inputs[0]);
  const auto powers = halvings(node->inputs[0]);
  std::vector<std::int64_t> columns;
  std::vector<double> factors;
  for (std::int64_t c = 0; c < weights[1]; ++c) {
    const auto at = static_cast<std::size_t>(c);
    const std::int64_t original = originals.empty() ? c : originals[at];
    for (std::int64_t k = 0; k < kernel; ++k) {
      columns.push_back(original * kernel + k);
      factors.push_back(powers.empty() ? 1 : std::ldexp(1.0, -powers[at]));
    }
  }
  columns.push_back(gram.size - 1);
  factors.push_back(1);
  if (std::ranges::max(columns) >= gram.size) return std::nullopt;
  return of_columns(gram, columns, factors);
}

}  // namespace pare::engine
