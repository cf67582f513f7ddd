#include "engine/prune/sequential.h"

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "engine/prune/constant_edits.h"
#include "engine/prune/consumer_window.h"
#include "engine/prune/linear_layer.h"
#include "engine/prune/ridge_fit.h"

namespace pare::engine {
namespace {

constexpr double kUsualRidge = 1e-3;
constexpr std::array kRidges = {1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0};

// A consumer to fit, and the piece of the network that leads to its input.
struct Piece {
  std::size_t consumer = 0;
  std::string target;                    // the consumer's input
  std::vector<std::size_t> nodes;        // ascending; none if the target is known already
  std::vector<std::string> from;         // known tensors that they read
  std::vector<std::string> last_used{};  // known tensors that no later piece reads
};

// Consumers whose output would change: they lose inputs, or what they read changes.
std::vector<std::size_t> affected(const Graph& graph, const Groups& groups,
                                  const RemovedUnits& removed) {
  std::set<std::string> changed;
  std::vector<std::size_t> consumers;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    const std::vector<std::string> read = tensors_read(node);
    const bool consumes =
        std::ranges::find(groups.cuts[n], CutRole::kConsumes, &Cut::role) != groups.cuts[n].end();
    const bool changes =
        changes_output(groups, n, removed) ||
        std::ranges::any_of(read, [&](const std::string& t) { return changed.contains(t); });
    if (!changes) continue;
    changed.insert(node.outputs.begin(), node.outputs.end());
    if (consumes) consumers.push_back(n);
  }
  return consumers;
}

// Nodes between known tensors and the target.
void trace(const Graph& graph, const Edges& edges, const std::set<std::string>& known,
           Piece& piece) {
  std::set<std::size_t> nodes;
  std::set<std::string> from, seen{piece.target};
  std::vector<std::string> open{piece.target};
  while (!open.empty()) {
    const std::string tensor = std::move(open.back());
    open.pop_back();
    if (graph.constants.contains(tensor)) continue;
    if (known.contains(tensor)) {
      from.insert(tensor);
      continue;
    }
    const std::size_t n = edges.producer.find(tensor)->second;
    nodes.insert(n);
    for (std::string& read : tensors_read(graph.nodes[n])) {
      if (seen.insert(read).second) open.push_back(std::move(read));
    }
  }
  piece.nodes.assign(nodes.begin(), nodes.end());
  piece.from.assign(from.begin(), from.end());
}

std::vector<Piece> cut_into_pieces(const Graph& graph, const std::vector<std::size_t>& consumers) {
  const Edges edges = edges_of(graph);
  std::set<std::string> known;
  for (const TensorInfo& input : graph.inputs) known.insert(input.name);
  std::vector<Piece> pieces;
  std::map<std::string, std::size_t> last_use;
  for (const std::size_t n : consumers) {
    Piece piece{n, graph.nodes[n].inputs[0], {}, {}};
    trace(graph, edges, known, piece);
    known.insert(piece.target);
    for (const std::string& tensor : piece.from) last_use[tensor] = pieces.size();
    last_use[piece.target] = pieces.size();
    pieces.push_back(std::move(piece));
  }
  for (const auto& [tensor, piece] : last_use) pieces[piece].last_used.push_back(tensor);
  return pieces;
}

Graph graph_of(const Piece& piece, const Graph& graph, const Observation& observed) {
  Graph part;
  part.opset = graph.opset;
  part.domains = graph.domains;
  for (const std::string& name : piece.from) {
    part.inputs.push_back({name, DType::kFloat32, observed.shapes.find(name)->second});
  }
  for (const std::size_t n : piece.nodes) {
    part.nodes.push_back(graph.nodes[n]);
    for (const std::string& read : tensors_read(graph.nodes[n])) {
      const auto constant = graph.constants.find(read);
      if (constant != graph.constants.end()) part.constants.insert(*constant);
    }
  }
  part.outputs.push_back(
      {piece.target, DType::kFloat32, observed.shapes.find(piece.target)->second});
  return part;
}

class Sequence {
 public:
  Sequence(const Graph& graph, const Graph& start, const Observation& observed,
           const Groups& groups, const RemovedUnits& removed, std::span<const Tensor> images,
           const RunnerFactory& make_runner, const SequentialOptions& options)
      : original_(graph),
        current_(start),
        observed_(observed),
        groups_(groups),
        removed_(removed),
        images_(images),
        make_runner_(make_runner),
        options_(options) {}

  Result<Graph> run() {
    const std::vector<std::size_t> consumers = affected(original_, groups_, removed_);
    if (consumers.empty()) return current_;
    if (auto done = find_windows(consumers); !done) return done.error();
    if (auto done = sample_targets(consumers); !done) return done.error();
    known_[original_.inputs[0].name].assign(images_.begin(), images_.end());
    for (const Piece& piece : cut_into_pieces(current_, consumers)) {
      if (auto done = advance(piece); !done) return done.error();
      if (auto done = fit(piece); !done) return done.error();
      for (const std::string& tensor : piece.last_used) known_.erase(tensor);
    }
    return std::move(current_);
  }

 private:
  using Rows = Eigen::MatrixXd;  // one position a row

  Result<std::monostate> find_windows(const std::vector<std::size_t>& consumers) {
    for (const std::size_t n : consumers) {
      const auto facts = facts_of(original_.nodes[n], original_, observed_);
      if (!facts) return facts.error();
      const auto window = window_of_consumer(original_.nodes[n], facts.value());
      if (!window) return window.error();
      windows_[n] = window.value();
    }
    return std::monostate{};
  }

  std::vector<std::int64_t> positions(std::size_t consumer, std::size_t image) const {
    std::seed_seq seed{options_.seed, static_cast<std::uint64_t>(image),
                       static_cast<std::uint64_t>(consumer)};
    std::mt19937_64 random(seed);
    return sample_positions(windows_.at(consumer).positions(), options_.positions_per_image,
                            random);
  }

  // What the original's consumers make, at the sampled positions of every image.
  Result<std::monostate> sample_targets(const std::vector<std::size_t>& consumers) {
    std::vector<std::string> wanted;
    wanted.reserve(consumers.size());
    for (const std::size_t n : consumers) wanted.push_back(original_.nodes[n].outputs[0]);
    const auto runner = make_runner_(original_, wanted);
    if (!runner) return runner.error();
    for (std::size_t i = 0; i < images_.size(); ++i) {
      const auto values = runner.value()->run({images_[i]});
      if (!values) return values.error();
      for (std::size_t c = 0; c < consumers.size(); ++c) {
        const auto all = values.value()[c].values<float>();
        const auto at = positions(consumers[c], i);
        const std::int64_t map = windows_.at(consumers[c]).positions();
        Eigen::MatrixXf rows(std::ssize(at), std::ssize(all) / map);
        for (Eigen::Index p = 0; p < rows.rows(); ++p) {
          for (Eigen::Index o = 0; o < rows.cols(); ++o) {
            rows(p, o) = all[static_cast<std::size_t>(o * map + at[static_cast<std::size_t>(p)])];
          }
        }
        targets_[consumers[c]].push_back(std::move(rows));
      }
    }
    return std::monostate{};
  }

  // Makes the piece's target known for all images.
  Result<std::monostate> advance(const Piece& piece) {
    if (piece.nodes.empty()) return std::monostate{};
    const auto runner = make_runner_(graph_of(piece, current_, observed_), {piece.target});
    if (!runner) return runner.error();
    for (std::size_t i = 0; i < images_.size(); ++i) {
      std::vector<Tensor> inputs;
      for (const std::string& tensor : piece.from) inputs.push_back(known_.at(tensor)[i]);
      auto values = runner.value()->run(inputs);
      if (!values) return values.error();
      known_[piece.target].push_back(std::move(std::move(values).value()[0]));
    }
    return std::monostate{};
  }

  // Inputs that stay, with the bias's 1 behind them.
  Rows inputs_at(const Piece& piece, std::size_t image,
                 const std::vector<Eigen::Index>& kept) const {
    const ConvWindow& window = windows_.at(piece.consumer);
    const auto at = positions(piece.consumer, image);
    const auto map = known_.at(piece.target)[image].values<float>();
    std::vector<float> column(static_cast<std::size_t>(window.column_size()) + 1, 1);
    Rows rows(std::ssize(at), std::ssize(kept));
    for (Eigen::Index p = 0; p < rows.rows(); ++p) {
      copy_column(window, map, at[static_cast<std::size_t>(p)],
                  std::span(column).first(column.size() - 1));
      for (Eigen::Index c = 0; c < rows.cols(); ++c) {
        rows(p, c) = double{column[static_cast<std::size_t>(kept[static_cast<std::size_t>(c)])]};
      }
    }
    return rows;
  }

  void add(const Piece& piece, std::size_t image, const std::vector<Eigen::Index>& kept,
           Moments& moments) const {
    const Rows x = inputs_at(piece, image, kept);
    moments.gram.noalias() += x.transpose() * x;
    moments.cross.noalias() += targets_.at(piece.consumer)[image].cast<double>().transpose() * x;
  }

  Result<std::monostate> fit(const Piece& piece) {
    const std::size_t n = piece.consumer;
    Result<LinearLayer> read = linear_layer(current_, groups_, n);
    if (!read) return read.error();
    LinearLayer layer = std::move(read).value();
    const std::vector<Eigen::Index> kept = columns_that_stay(layer, removed_);
    const Eigen::Index size = std::ssize(kept);
    const Moments none{Eigen::MatrixXd::Zero(size, size),
                       Eigen::MatrixXd::Zero(layer.weights.rows(), size)};
    Moments fit = none, held = none;
    const auto every = static_cast<std::size_t>(options_.held_back_every);
    for (std::size_t i = 0; i < images_.size(); ++i) {
      add(piece, i, kept, every > 0 && i % every == every - 1 ? held : fit);
    }
    const Eigen::MatrixXd prior = layer.weights(Eigen::all, kept);
    const bool can_choose = every > 0 && images_.size() >= every;
    const double ridge = can_choose ? choose_ridge(prior, fit, held, kRidges) : kUsualRidge;
    const Moments all{fit.gram + held.gram, fit.cross + held.cross};
    layer.weights.setZero();
    layer.weights(Eigen::all, kept) = ridge_fit(prior, all, ridge);
    LayerConstants constants = layer_constants(layer, current_, groups_, n);
    ConstantEdits edits;
    edits.set(n, 1, std::move(constants.weights));
    edits.set(n, 2, std::move(constants.bias));
    edits.apply(current_);
    return std::monostate{};
  }

  const Graph& original_;
  Graph current_;
  const Observation& observed_;
  const Groups& groups_;
  const RemovedUnits& removed_;
  std::span<const Tensor> images_;
  const RunnerFactory& make_runner_;
  const SequentialOptions& options_;
  std::map<std::size_t, ConvWindow> windows_;                    // by consumer
  std::map<std::size_t, std::vector<Eigen::MatrixXf>> targets_;  // by consumer, image
  std::map<std::string, std::vector<Tensor>> known_;             // by tensor, image
};

}  // namespace

Result<Graph> reconstruct_in_sequence(const Graph& graph, const Graph& start,
                                      const Observation& observed, const Groups& groups,
                                      const RemovedUnits& removed, std::span<const Tensor> images,
                                      const RunnerFactory& make_runner,
                                      const SequentialOptions& options) {
  return Sequence(graph, start, observed, groups, removed, images, make_runner, options).run();
}

}  // namespace pare::engine
