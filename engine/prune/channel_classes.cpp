#include "engine/prune/channel_classes.h"

#include <utility>

namespace pare::engine {

ChannelClasses::ChannelClasses()
    : parent_{kFixed}, reason_{1}, reasons_{"", "they are the network's input or a constant"} {}

std::vector<Symbol> ChannelClasses::fresh(std::int64_t count) {
  std::vector<Symbol> symbols;
  for (std::int64_t i = 0; i < count; ++i) {
    symbols.push_back(static_cast<Symbol>(parent_.size()));
    parent_.push_back(symbols.back());
    reason_.push_back(0);
  }
  return symbols;
}

Symbol ChannelClasses::root(Symbol symbol) {
  while (parent_[symbol] != symbol) {
    parent_[symbol] = parent_[parent_[symbol]];
    symbol = parent_[symbol];
  }
  return symbol;
}

void ChannelClasses::unite(Symbol a, Symbol b) {
  Symbol into = root(a), from = root(b);
  if (into == from) return;
  if (into == kFixed || from == kFixed) {
    freeze(into == kFixed ? from : into, node_ + " joins them with channels that stay");
    return;
  }
  if (from < into) std::swap(into, from);
  parent_[from] = into;
  if (reason_[into] == 0) reason_[into] = reason_[from];
}

std::uint32_t ChannelClasses::interned(std::string_view reason) {
  if (reasons_.back() != reason) reasons_.emplace_back(reason);
  return static_cast<std::uint32_t>(reasons_.size() - 1);
}

void ChannelClasses::freeze(Symbol symbol, std::string_view reason) {
  const Symbol top = root(symbol);
  if (reason_[top] == 0) reason_[top] = interned(reason);
}

void ChannelClasses::freeze(const Layout& layout, std::string_view reason) {
  for (const Symbol symbol : layout.symbols) freeze(symbol, reason);
}

Symbol ChannelClasses::find(Symbol symbol) {
  const Symbol top = root(symbol);
  return reason_[top] == 0 ? top : kFixed;
}

std::string_view ChannelClasses::reason(Symbol symbol) {
  return reasons_[reason_[root(symbol)]];
}

}  // namespace pare::engine
