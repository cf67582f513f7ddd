#include "search/surrogate/layer_table.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "core/check.h"

namespace pare::search {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kShortest = 1e-3;  // milliseconds: the clock of a profile
constexpr double kSignal = 0.3;     // variance of a layer's log time beyond its work
constexpr double kNoise = 0.05;     // the same, of one reading
constexpr double kUnseen = 1e6;     // the same, of a layer that was not there
constexpr double kOfTaps = 0.7;     // how a layer's time grows with its kernel's taps: the power
constexpr double kOfInputs = 0.3;   // how a layer's time grows with its input channels: the power
// Length scales: one of pixels is a factor of e.
constexpr double kPixels = 1.0;
constexpr double kChannels = 0.5;
constexpr double kTaps = 1.0;
constexpr double kInt8 = 1.0;
constexpr double kPlacement = 1 / 0.7;
constexpr double kFloats = 1.0;

double log_work(const LayerSetting& setting) {
  return std::log(setting.pixels) + std::log(setting.outputs) +
         kOfInputs * std::log(setting.inputs) + kOfTaps * std::log(setting.taps);
}

}  // namespace

std::size_t SettingsOfPlans::Hash::operator()(const LayerSetting& setting) const noexcept {
  std::size_t hash = setting.placement ? 1 + static_cast<std::size_t>(*setting.placement) : 0;
  hash = 4 * hash + (setting.int8 ? 1 : 0) + (setting.gone ? 2 : 0);
  hash = kAllPrecisions.size() * hash + static_cast<std::size_t>(setting.floats);
  for (const double share : {setting.pixels, setting.outputs, setting.inputs, setting.taps}) {
    hash = 31 * hash + std::hash<double>{}(share);
  }
  return hash;
}

void SettingsOfPlans::add(std::span<const LayerSetting> settings) {
  PARE_CHECK(plans_ == 0 || settings.size() == layers_.size(), "layers of another model");
  layers_.resize(settings.size());
  ++plans_;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    OneLayer& layer = layers_[i];
    const auto [at, is_new] = layer.known.try_emplace(settings[i], layer.distinct.size());
    if (is_new) layer.distinct.push_back(settings[i]);
    layer.of_plan.push_back(at->second);
  }
}

LayerTable::Features LayerTable::features_of(const LayerSetting& setting) {
  Features out = Features::Zero();
  out[0] = std::log(setting.pixels) / kPixels;
  out[1] = setting.outputs / kChannels;
  out[2] = setting.inputs / kChannels;
  out[3] = setting.int8 ? 1 / kInt8 : 0;
  // fp32 is 0 in both.
  if (setting.floats == Precision::kFp16) out[4] = 1 / kFloats;
  if (setting.floats == Precision::kBf16) out[5] = 1 / kFloats;
  out[6] = std::log(setting.taps) / kTaps;
  if (setting.placement) out[7 + static_cast<int>(*setting.placement)] = 1 / kPlacement;
  return out;
}

// Covariances with the rows, without their noise.
VectorXd LayerTable::alike(const OneLayer& layer, const Features& features) {
  const auto squares = (layer.features.colwise() - features).colwise().squaredNorm();
  return kSignal * (-0.5 * squares.array()).exp().matrix().transpose();
}

void LayerTable::add(std::span<const LayerSetting> settings, std::span<const double> times) {
  PARE_CHECK(settings.size() == times.size(), "a time for each layer");
  PARE_CHECK(rows_ == 0 || settings.size() == layers_.size(), "layers of another model");
  layers_.resize(settings.size());
  const auto row = static_cast<Index>(rows_++);
  for (std::size_t i = 0; i < settings.size(); ++i) {
    OneLayer& layer = layers_[i];
    layer.features.conservativeResize(Eigen::NoChange, row + 1);
    layer.features.col(row) = features_of(settings[i]);
    layer.work.conservativeResize(row + 1);
    layer.work[row] = log_work(settings[i]);
    layer.beyond.conservativeResize(row + 1);
    layer.beyond[row] = std::log(std::max(times[i], kShortest)) - layer.work[row];
    layer.gone.conservativeResize(row + 1);
    layer.gone[row] = settings[i].gone ? 1 : 0;
  }
}

// What the other rows say of each row's log time.
VectorXd LayerTable::learn(OneLayer& layer) {
  const Index rows = layer.features.cols();
  MatrixXd covariance(rows, rows);
  for (Index i = 0; i < rows; ++i) {
    covariance.col(i) = alike(layer, layer.features.col(i));
    covariance(i, i) += layer.gone[i] > 0 ? kUnseen : kNoise;
  }
  // Where the layer was not there, nothing is known of its time: the row says what the others do.
  const double seen = (1 - layer.gone.array()).sum();
  layer.mean = seen > 0 ? layer.beyond.dot((1 - layer.gone.array()).matrix()) / seen : 0;
  layer.beyond = (layer.gone.array() > 0).select(layer.mean, layer.beyond);
  const MatrixXd inverse = covariance.llt().solve(MatrixXd::Identity(rows, rows));
  layer.weights = inverse * (layer.beyond.array() - layer.mean).matrix();
  return layer.work + layer.beyond - layer.weights.cwiseQuotient(inverse.diagonal());
}

void LayerTable::learn() {
  VectorXd total = VectorXd::Zero(static_cast<Index>(rows_));
  for (OneLayer& layer : layers_) {
    total += learn(layer).array().exp().matrix().cwiseProduct((1 - layer.gone.array()).matrix());
  }
  left_out_ = total.array().log();
}

double LayerTable::time_of(const OneLayer& layer, const LayerSetting& setting,
                           const VectorXd& near) {
  if (setting.gone) return 0;
  return std::exp(log_work(setting) + layer.mean + near.dot(layer.weights));
}

double LayerTable::log_total(std::span<const LayerSetting> settings) const {
  PARE_CHECK(rows_ > 0 && settings.size() == layers_.size(), "settings of the table's layers");
  double total = 0;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const OneLayer& layer = layers_[i];
    total += time_of(layer, settings[i], alike(layer, features_of(settings[i])));
  }
  return std::log(total);
}

// The covariances of alike(), as products: settings have few values of each feature, and an
// exponential costs more than all else.
class LayerTable::Factors {
 public:
  explicit Factors(const OneLayer& layer) : rows_(layer.features) {}

  VectorXd alike(const Features& features) {
    VectorXd near = VectorXd::Constant(rows_.cols(), kSignal);
    for (int k = 0; k < kFeatures; ++k) {
      const VectorXd& by = factor(k, features[k]);
      if (by.size() > 0) near.array() *= by.array();
    }
    return near;
  }

 private:
  // Empty where all rows have that value: nothing to multiply by.
  const VectorXd& factor(int feature, double value) {
    std::map<double, VectorXd>& known = known_[static_cast<std::size_t>(feature)];
    const auto [at, is_new] = known.try_emplace(value);
    if (is_new) {
      const Eigen::ArrayXd apart = rows_.row(feature).transpose().array() - value;
      if ((apart != 0).any()) at->second = (-0.5 * apart.square()).exp().matrix();
    }
    return at->second;
  }

  const Eigen::Matrix<double, kFeatures, Eigen::Dynamic>& rows_;
  std::array<std::map<double, VectorXd>, kFeatures> known_;
};

VectorXd LayerTable::log_totals(const SettingsOfPlans& plans) const {
  if (plans.plans() == 0) return {};
  PARE_CHECK(rows_ > 0 && plans.layers_.size() == layers_.size(), "settings of the table's layers");
  VectorXd totals = VectorXd::Zero(static_cast<Index>(plans.plans()));
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const SettingsOfPlans::OneLayer& asked = plans.layers_[i];
    std::vector<double> times;
    Factors factors(layers_[i]);
    for (const LayerSetting& setting : asked.distinct) {
      times.push_back(time_of(layers_[i], setting, factors.alike(features_of(setting))));
    }
    for (std::size_t p = 0; p < plans.plans(); ++p) {
      totals[static_cast<Index>(p)] += times[asked.of_plan[p]];
    }
  }
  return totals.array().log();
}

}  // namespace pare::search
