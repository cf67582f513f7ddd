// Classes of united symbols, and why some of them are frozen: union-find with a reason at the root.
//
// Amortised near-constant time a call.  Belongs to one analysis and one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph/op_def.h"

namespace pare::engine {

class ChannelClasses final : public ChannelFlow {
 public:
  ChannelClasses();

  std::vector<Symbol> fresh(std::int64_t count) override;
  // With kFixed: freezes the other one, because of the present node.
  void unite(Symbol a, Symbol b) override;
  void freeze(Symbol symbol, std::string_view reason) override;
  void freeze(const Layout& layout, std::string_view reason);

  // The node that calls come from, as reasons name it: "Add /m/add".
  void at_node(std::string description) { node_ = std::move(description); }

  // One symbol for each class; kFixed for every frozen one.
  Symbol find(Symbol symbol);
  // Empty if the symbol is not frozen.
  std::string_view reason(Symbol symbol);

 private:
  Symbol root(Symbol symbol);
  std::uint32_t interned(std::string_view reason);

  std::vector<Symbol> parent_;
  std::vector<std::uint32_t> reason_;  // of a root: into reasons_, 0 if it is not frozen
  std::vector<std::string> reasons_;
  std::string node_;
};

}  // namespace pare::engine
