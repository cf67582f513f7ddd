#include "engine/prune/statistics.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <random>

#include "engine/prune/consumer_window.h"

namespace pare::engine {
namespace {

// Row-major, so that the upper triangle lies as it is stored.
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// A tensor through a window.
struct SeenPart {
  std::size_t tensor = 0;  // which of tensors()
  ConvWindow window;
};

// What some consumers read.
struct Source {
  std::string key;
  std::vector<SeenPart> parts;  // their columns stand one behind the other
  Matrix sum;                   // upper triangle
  std::int64_t positions = 0;
};

std::string key_of(const std::string& tensor, const ConvWindow& w) {
  std::string key = tensor;
  for (const std::int64_t value : {w.kernel_height, w.kernel_width, w.stride_y, w.stride_x,
                                   w.dilation_y, w.dilation_x, w.top, w.left}) {
    key += " " + std::to_string(value);
  }
  return key;
}

bool any_consumes(const std::vector<Cut>& cuts) {
  return std::ranges::find(cuts, CutRole::kConsumes, &Cut::role) != cuts.end();
}

}  // namespace

struct GramCollector::State {
  GramOptions options;
  std::vector<std::string> tensors;
  std::vector<Shape> shapes;  // of tensors
  std::vector<Source> sources;
  std::map<std::string, std::string> gram_of;
  std::uint64_t images = 0;

  std::size_t tensor_index(const std::string& name, const Shape& shape) {
    const auto found = std::ranges::find(tensors, name);
    if (found != tensors.end()) return static_cast<std::size_t>(found - tensors.begin());
    tensors.push_back(name);
    shapes.push_back(shape);
    return tensors.size() - 1;
  }

  void add_source(const Node& node, const Shape& shape, const ConvWindow& window) {
    const std::string key = key_of(node.inputs[0], window);
    gram_of[node.name] = key;
    if (std::ranges::find(sources, key, &Source::key) != sources.end()) return;
    add_source(key, {{tensor_index(node.inputs[0], shape), window}});
  }

  void add_source(const JointInput& joint) {
    std::vector<SeenPart> parts;
    for (const auto& [tensor, w] : joint.parts) {
      parts.push_back({tensor_index(tensor, {1, w.channels, w.in_height, w.in_width}), w});
    }
    add_source(joint.key, std::move(parts));
  }

  void add_source(std::string key, std::vector<SeenPart> parts) {
    Eigen::Index size = 1;
    for (const SeenPart& part : parts) size += part.window.column_size();
    sources.push_back({std::move(key), std::move(parts), Matrix::Zero(size, size), 0});
  }

  void add(Source& source, std::size_t number, const std::vector<Tensor>& values) const {
    std::seed_seq seed{options.seed, images, static_cast<std::uint64_t>(number)};
    std::mt19937_64 random(seed);
    const std::vector<std::int64_t> positions =
        sample_positions(source.parts[0].window.positions(), options.positions_per_image, random);
    Matrix rows(std::ssize(positions), source.sum.cols());  // one position a row
    rows.rightCols(1).setOnes();
    for (std::size_t p = 0; p < positions.size(); ++p) {
      float* column = rows.data() + static_cast<std::int64_t>(p) * rows.cols();
      for (const SeenPart& part : source.parts) {
        const std::int64_t size = part.window.column_size();
        copy_column(part.window, values[part.tensor].values<float>(), positions[p],
                    std::span(column, static_cast<std::size_t>(size)));
        column += size;
      }
    }
    source.sum.selfadjointView<Eigen::Upper>().rankUpdate(rows.transpose());
    source.positions += std::ssize(positions);
  }
};

GramCollector::GramCollector(std::unique_ptr<State> state) : state_(std::move(state)) {}
GramCollector::~GramCollector() = default;
GramCollector::GramCollector(GramCollector&&) noexcept = default;
GramCollector& GramCollector::operator=(GramCollector&&) noexcept = default;

Result<GramCollector> GramCollector::make(const Graph& graph, const Observation& observed,
                                          const Groups& groups, const GramOptions& options,
                                          const std::vector<JointInput>& joint) {
  auto state = std::make_unique<State>();
  state->options = options;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!any_consumes(groups.cuts[n])) continue;
    const Node& node = graph.nodes[n];
    const Result<NodeFacts> facts = facts_of(node, graph, observed);
    if (!facts) return facts.error();
    const Result<ConvWindow> window = window_of_consumer(node, facts.value());
    if (!window) return window.error();
    state->add_source(node, facts.value().input_shapes[0], window.value());
  }
  for (const JointInput& one : joint) state->add_source(one);
  return GramCollector(std::move(state));
}

const std::vector<std::string>& GramCollector::tensors() const {
  return state_->tensors;
}

Result<std::monostate> GramCollector::add_image(const std::vector<Tensor>& values) {
  PARE_CHECK(values.size() == state_->tensors.size(), "not the tensors that were asked for");
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].dtype() != DType::kFloat32 || values[i].shape() != state_->shapes[i]) {
      return Error{
          ErrorCode::kInvalidArgument,
          "tensor " + state_->tensors[i] + " is " + std::string(name_of(values[i].dtype())) + " " +
              to_string(values[i].shape()) + ", not float32 " + to_string(state_->shapes[i])};
    }
  }
  for (std::size_t s = 0; s < state_->sources.size(); ++s) {
    state_->add(state_->sources[s], s, values);
  }
  ++state_->images;
  return std::monostate{};
}

TensorFile GramCollector::sums() const {
  TensorFile file;
  std::vector<std::int64_t> counts{static_cast<std::int64_t>(state_->images)};
  for (const Source& source : state_->sources) {
    const Eigen::Index size = source.sum.rows();
    std::vector<float> triangle;
    triangle.reserve(static_cast<std::size_t>(size * (size + 1) / 2));
    for (Eigen::Index i = 0; i < size; ++i) {
      for (Eigen::Index j = i; j < size; ++j) triangle.push_back(source.sum(i, j));
    }
    file.tensors[source.key] = Tensor::of<float>({std::ssize(triangle)}, triangle);
    counts.push_back(source.positions);
  }
  file.tensors["counts"] = Tensor::of<std::int64_t>({std::ssize(counts)}, counts);
  return file;
}

Result<std::monostate> GramCollector::go_on_from(const TensorFile& sums) {
  const Error other{ErrorCode::kInvalidArgument, "the sums are of another network"};
  const auto counts = sums.tensors.find("counts");
  if (counts == sums.tensors.end() || counts->second.dtype() != DType::kInt64 ||
      counts->second.size() != std::ssize(state_->sources) + 1) {
    return other;
  }
  const auto counted = counts->second.values<std::int64_t>();
  for (std::size_t s = 0; s < state_->sources.size(); ++s) {
    Source& source = state_->sources[s];
    const auto sum = sums.tensors.find(source.key);
    const Eigen::Index size = source.sum.rows();
    if (sum == sums.tensors.end() || sum->second.dtype() != DType::kFloat32 ||
        sum->second.size() != size * (size + 1) / 2) {
      return other;
    }
    const auto triangle = sum->second.values<float>();
    std::size_t at = 0;
    for (Eigen::Index i = 0; i < size; ++i) {
      for (Eigen::Index j = i; j < size; ++j) source.sum(i, j) = triangle[at++];
    }
    source.positions = counted[s + 1];
  }
  state_->images = static_cast<std::uint64_t>(counted[0]);
  return std::monostate{};
}

Result<Statistics> GramCollector::finish() const {
  if (state_->images == 0) {
    return Error{ErrorCode::kInvalidArgument, "statistics of no image"};
  }
  Statistics statistics;
  statistics.gram_of = state_->gram_of;
  for (const Source& source : state_->sources) {
    const Eigen::Index size = source.sum.rows();
    Gram gram{static_cast<int>(size), source.positions, {}};
    gram.triangle.reserve(static_cast<std::size_t>(size * (size + 1) / 2));
    const float scale = 1.0F / static_cast<float>(source.positions);
    for (Eigen::Index i = 0; i < size; ++i) {
      for (Eigen::Index j = i; j < size; ++j) gram.triangle.push_back(source.sum(i, j) * scale);
    }
    statistics.grams.emplace(source.key, std::move(gram));
  }
  return statistics;
}

Result<const Gram*> Statistics::find(const std::string& consumer, int size) const {
  const auto key = gram_of.find(consumer);
  const auto gram = key == gram_of.end() ? grams.end() : grams.find(key->second);
  if (gram == grams.end()) {
    return Error{ErrorCode::kInvalidArgument, "the statistics know nothing of layer " + consumer};
  }
  if (gram->second.size != size) {
    return Error{ErrorCode::kInvalidArgument, "the statistics of layer " + consumer + " are of " +
                                                  std::to_string(gram->second.size - 1) +
                                                  " inputs, it has " + std::to_string(size - 1)};
  }
  return &gram->second;
}

std::int64_t TapMoments::channels() const {
  return std::ssize(triangles) / (std::int64_t{size} * (size + 1) / 2);
}

Gram TapMoments::of_channel(std::int64_t channel) const {
  const std::int64_t length = std::int64_t{size} * (size + 1) / 2;
  const auto first = triangles.begin() + channel * length;
  return {size, 1, {first, first + length}};
}

void store(const Statistics& statistics, TensorFile& file) {
  for (const auto& [layer, taps] : statistics.taps) {
    file.tensors["taps/" + layer] = Tensor::of<float>(
        {taps.channels(), std::int64_t{taps.size} * (taps.size + 1) / 2}, taps.triangles);
  }
  for (const auto& [key, gram] : statistics.grams) {
    file.tensors["gram/" + key] = Tensor::of<float>({std::ssize(gram.triangle)}, gram.triangle);
    file.tensors["gram_positions/" + key] =
        Tensor::of<std::int64_t>({}, std::span(&gram.positions, 1));
  }
  for (const auto& [consumer, key] : statistics.gram_of) file.metadata["gram_of/" + consumer] = key;
}

namespace {

std::int64_t side_of_triangle(std::int64_t length) {
  return std::llround((std::sqrt(8.0 * static_cast<double>(length) + 1) - 1) / 2);
}

Result<TapMoments> read_taps(const std::string& name, const Tensor& tensor) {
  const Shape& shape = tensor.shape();
  const std::int64_t size = shape.size() == 2 ? side_of_triangle(shape[1]) : 0;
  if (tensor.dtype() != DType::kFloat32 || size < 2 || size * (size + 1) / 2 != shape[1]) {
    return Error{ErrorCode::kInvalidArgument, "statistics: " + name + " are no moments of taps"};
  }
  const auto values = tensor.values<float>();
  return TapMoments{static_cast<int>(size), {values.begin(), values.end()}};
}

}  // namespace

Result<Statistics> load_statistics(const TensorFile& file) {
  Statistics statistics;
  const std::string prefix = "gram/", of_prefix = "gram_of/", taps_prefix = "taps/";
  for (const auto& [name, tensor] : file.tensors) {
    if (name.starts_with(taps_prefix)) {
      const auto taps = read_taps(name, tensor);
      if (!taps) return taps.error();
      statistics.taps[name.substr(taps_prefix.size())] = taps.value();
    }
    if (!name.starts_with(prefix)) continue;
    const std::string key = name.substr(prefix.size());
    const std::int64_t size = side_of_triangle(tensor.size());
    const auto positions = file.tensors.find("gram_positions/" + key);
    if (tensor.dtype() != DType::kFloat32 || size * (size + 1) / 2 != tensor.size() ||
        positions == file.tensors.end() || positions->second.dtype() != DType::kInt64 ||
        positions->second.size() != 1) {
      return Error{ErrorCode::kInvalidArgument, "statistics: " + name + " is no Gram matrix"};
    }
    const auto values = tensor.values<float>();
    statistics.grams[key] = {static_cast<int>(size),
                             positions->second.values<std::int64_t>()[0],
                             {values.begin(), values.end()}};
  }
  for (const auto& [name, key] : file.metadata) {
    if (name.starts_with(of_prefix)) statistics.gram_of[name.substr(of_prefix.size())] = key;
  }
  return statistics;
}

}  // namespace pare::engine
