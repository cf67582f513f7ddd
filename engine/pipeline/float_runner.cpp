#include "engine/pipeline/float_runner.h"

#include <algorithm>
#include <utility>

#include "engine/graph/convert.h"
#include "engine/graph/image_layout.h"

namespace pare::engine {
namespace {

// `image` has its channels second; what does not fit is the runner's to refuse.
Tensor as_taken(const Tensor& image, const TensorInfo& input) {
  const Tensor typed = converted(image, input.dtype);
  const bool turn = has_channels_last(input.shape) && typed.shape().size() == 4 &&
                    !has_channels_last(typed.shape());
  return turn ? with_channels_last(typed) : typed;
}

class FloatRunner final : public Runner {
 public:
  FloatRunner(std::unique_ptr<Runner> runner, std::vector<TensorInfo> inputs)
      : runner_(std::move(runner)), inputs_(std::move(inputs)) {}

  const std::vector<std::string>& output_names() const override { return runner_->output_names(); }
  std::string version() const override { return runner_->version(); }

  Result<std::vector<Tensor>> run(const std::vector<Tensor>& inputs) override {
    return given(runner_->run(taken(inputs)));
  }
  Result<std::monostate> put(std::size_t slot, std::vector<Tensor> inputs) override {
    return runner_->put(slot, taken(inputs));
  }
  void line_up(std::size_t slot) override { runner_->line_up(slot); }
  Result<std::monostate> infer(std::size_t slot) override { return runner_->infer(slot); }
  Result<std::vector<Tensor>> take(std::size_t slot) override { return given(runner_->take(slot)); }
  std::optional<Millis> inference_time() const override { return runner_->inference_time(); }

 private:
  // Too many or too few are the runner's to refuse.
  std::vector<Tensor> taken(std::vector<Tensor> inputs) const {
    for (std::size_t i = 0; i < std::min(inputs.size(), inputs_.size()); ++i) {
      inputs[i] = as_taken(inputs[i], inputs_[i]);
    }
    return inputs;
  }

  static Result<std::vector<Tensor>> given(Result<std::vector<Tensor>> made) {
    if (!made) return made;
    std::vector<Tensor> outputs = std::move(made).value();
    for (Tensor& output : outputs) output = with_float32(output);
    return outputs;
  }

  std::unique_ptr<Runner> runner_;
  std::vector<TensorInfo> inputs_;
};

}  // namespace

std::unique_ptr<Runner> in_float32(std::unique_ptr<Runner> runner, const Graph& model) {
  const bool takes = std::ranges::all_of(model.inputs, [](const TensorInfo& input) {
    return input.dtype == DType::kFloat32 && !has_channels_last(input.shape);
  });
  const bool gives = std::ranges::all_of(model.outputs, [](const TensorInfo& output) {
    return output.dtype == DType::kFloat32 || !is_float(output.dtype);
  });
  if (takes && gives) return runner;
  return std::make_unique<FloatRunner>(std::move(runner), model.inputs);
}

Tensor as_input_of(const Graph& model, const Tensor& image) {
  return as_taken(image, model.inputs.at(0));
}

}  // namespace pare::engine
