#include "engine/graph/product_flow.h"

#include <algorithm>
#include <string_view>

#include "engine/graph/flow_rules.h"

namespace pare::engine {
namespace {

struct Factor {
  int input = 0;
  std::string letters;
  Shape shape;
  Layout layout;
  bool constant = false;

  int axis(char letter) const {
    const auto at = letters.find(letter);
    return at == std::string::npos ? -1 : static_cast<int>(at);
  }
  std::int64_t extent(char letter) const {
    const int at = axis(letter);
    return at < 0 ? 1 : shape[static_cast<std::size_t>(at)];
  }
  // Channels lie along the letter.
  bool varies(char letter) const {
    return std::ranges::find(layout.axes, axis(letter)) != layout.axes.end();
  }
  std::string channel_letters() const {
    std::string found;
    for (const int own : layout.axes) found += letters[static_cast<std::size_t>(own)];
    return found;
  }
};

class Product {
 public:
  Product(const NodeView& node, std::span<const Layout> inputs, const ProductLetters& letters,
          ChannelFlow& flow)
      : flow_(flow), output_(letters.output) {
    for (int i : {0, 1}) {
      const auto at = static_cast<std::size_t>(i);
      factors_[at] = {i, letters.operands[at], node.input_shapes[at],
                      is_fixed(inputs[at]) ? Layout{} : inputs[at], node.constant(at) != nullptr};
    }
  }

  Result<NodeFlow> run() {
    for (Factor& own : factors_) {
      for (const char letter : own.letters) choose_heads_or_channels(letter);
    }
    for (Factor& own : factors_) {
      for (const char letter : own.letters) {
        if (is_summed(letter)) sum_over(letter, own, other(own));
      }
    }
    for (Factor& own : factors_) {
      for (const char letter : own.letters) {
        if (!is_summed(letter)) go_along(letter, own, other(own));
      }
    }
    for (Factor& own : factors_) make_channels(own, other(own));
    if (auto laid = lay_out(); !laid) return laid.error();
    return std::move(result_);
  }

 private:
  bool is_summed(char letter) const { return output_.find(letter) == std::string::npos; }
  Factor& other(const Factor& own) { return factors_[own.input == 0 ? 1 : 0]; }

  void unite_along(Factor& factor, char letter) {
    factor.layout = united_along(factor.layout, factor.shape, factor.axis(letter), flow_);
  }

  // Both operands have channels along a summed letter and along one that both keep.
  void choose_heads_or_channels(char summed) {
    auto& [a, b] = factors_;
    if (!is_summed(summed) || !a.varies(summed) || !b.varies(summed)) return;
    for (const char letter : a.channel_letters()) {
      if (is_summed(letter) || !b.varies(letter)) continue;
      const char less = a.extent(letter) > a.extent(summed) ? summed : letter;
      for (Factor& factor : factors_) unite_along(factor, less);
      if (less == summed) return;
    }
  }

  void sum_over(char letter, Factor& own, Factor& theirs) {
    if (!own.varies(letter)) return;
    for (const char along : own.channel_letters()) {
      if (along != letter) unite_along(own, along);
    }
    const std::vector<Symbol> symbols = own.layout.symbols;
    own.layout = Layout{};  // nothing of them is in the output
    if (theirs.constant && theirs.axis(letter) >= 0) {
      result_.cuts.push_back({theirs.input, theirs.axis(letter), CutRole::kReads, symbols});
      return;
    }
    result_.contractions.push_back({own.input, own.axis(letter), symbols});
    if (theirs.axis(letter) < 0) return;
    if (!theirs.varies(letter)) {
      for (const Symbol s : symbols) flow_.freeze(s, "they are multiplied by what stays");
      return;
    }
    for (const char along : theirs.channel_letters()) {
      if (along != letter) unite_along(theirs, along);
    }
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      flow_.unite(symbols[i], theirs.layout.symbols[i]);
    }
    result_.contractions.push_back({theirs.input, theirs.axis(letter), theirs.layout.symbols});
    theirs.layout = Layout{};
  }

  // A letter that both keep: what goes in one goes in the other.
  void go_along(char letter, Factor& own, Factor& theirs) {
    if (!own.varies(letter) || theirs.axis(letter) < 0) return;
    if (own.extent(letter) != theirs.extent(letter)) {
      if (own.extent(letter) == 1) {
        for (const Symbol s : own.layout.symbols) flow_.freeze(s, "one channel meets several");
      }
      return;
    }
    if (theirs.varies(letter)) return;  // united where the output is laid out
    if (theirs.constant && own.layout.axes.size() == 1) {
      result_.cuts.push_back(
          {theirs.input, theirs.axis(letter), CutRole::kCarries, own.layout.symbols});
    } else {
      unite_along(own, letter);
      if (own.layout.axes.empty() && !is_fixed(own.layout)) {
        for (const Symbol s : own.layout.symbols)
          flow_.freeze(s, "they are multiplied by what stays");
        own.layout = Layout{};
      }
    }
  }

  // A constant matrix, one of whose letters is summed over.
  void make_channels(Factor& own, Factor& theirs) {
    if (!own.constant || theirs.constant || own.shape.size() != 2) return;
    if (!is_fixed(theirs.layout)) return;
    for (const char letter : own.letters) {
      const char rest = own.letters[own.letters[0] == letter ? 1 : 0];
      if (is_summed(letter) || !is_summed(rest) || theirs.axis(letter) >= 0) continue;
      own.layout = Layout{{own.axis(letter)}, flow_.fresh(own.extent(letter))};
      result_.cuts.push_back({own.input, own.axis(letter), CutRole::kProduces, own.layout.symbols});
    }
  }

  Result<std::monostate> lay_out() {
    auto& [a, b] = factors_;
    const std::string of_a = a.channel_letters(), of_b = b.channel_letters();
    const auto holds = [](const std::string& all, const std::string& some) {
      return std::ranges::all_of(some, [&](char c) { return all.find(c) != std::string::npos; });
    };
    if (!holds(of_a, of_b) && !holds(of_b, of_a)) {
      return Error{ErrorCode::kUnsupported, "it multiplies channels by other channels"};
    }
    const bool first = holds(of_a, of_b);
    const Layout made = in_output(first ? a : b);
    const Layout met = in_output(first ? b : a);
    if (!met.axes.empty()) {
      const std::vector<Symbol> wide = expand(met, shape_, made.axes).symbols;
      for (std::size_t i = 0; i < wide.size(); ++i) flow_.unite(made.symbols[i], wide[i]);
    }
    result_.outputs = {made};
    return std::monostate{};
  }

  // The factor's channels along the output's dimensions.
  Layout in_output(const Factor& factor) {
    shape_.clear();
    for (const char letter : output_) {
      shape_.push_back(std::max(factors_[0].extent(letter), factors_[1].extent(letter)));
    }
    std::string order;  // the factor's letters as the output has them
    for (const char letter : output_) {
      if (factor.axis(letter) >= 0) order += letter;
    }
    for (const char letter : factor.letters) {
      if (is_summed(letter)) order += letter;
    }
    std::vector<int> permutation;
    for (const char letter : order) permutation.push_back(factor.axis(letter));
    Layout turned = transpose(factor.layout, factor.shape, permutation);
    for (int& axis : turned.axes) {
      axis = static_cast<int>(output_.find(order[static_cast<std::size_t>(axis)]));
    }
    return turned;
  }

  ChannelFlow& flow_;
  std::string output_;
  std::array<Factor, 2> factors_;
  Shape shape_;  // of the output
  NodeFlow result_;
};

}  // namespace

Result<NodeFlow> product(const NodeView& node, std::span<const Layout> inputs,
                         const ProductLetters& letters, ChannelFlow& flow) {
  return Product(node, inputs, letters, flow).run();
}

}  // namespace pare::engine
