#include "engine/zoo/zoo.h"

#include <algorithm>
#include <utility>

#include "engine/passes/passes.h"

namespace pare::engine {
namespace {

constexpr int kCoarsest = 32;

template <typename Def>
Result<Def> part_named(const char* kind, std::span<const Def> parts, const std::string& name) {
  const auto found = std::ranges::find(parts, name, &Def::name);
  if (found != parts.end()) return *found;
  std::string names;
  for (const Def& part : parts) names += (names.empty() ? "" : ", ") + std::string(part.name);
  return Error{ErrorCode::kInvalidArgument,
               std::string(kind) + " \"" + name + "\": no such part; there are " + names};
}

Result<std::monostate> check_range(const char* what, int value, int low, int high) {
  if (value >= low && value <= high) return std::monostate{};
  return Error{ErrorCode::kInvalidArgument, std::string(what) + " " + std::to_string(value) +
                                                ": must be in " + std::to_string(low) + ".." +
                                                std::to_string(high)};
}

Result<std::monostate> check(const ZooRequest& request) {
  if (auto fits = check_range("classes", request.classes, 1, 1000); !fits) return fits;
  if (auto fits = check_range("channels of the neck", request.neck_channels, 8, 512); !fits) {
    return fits;
  }
  if (auto fits = check_range("input", request.size, 64, 1280); !fits) return fits;
  if (request.size % kCoarsest == 0) return std::monostate{};
  return Error{ErrorCode::kInvalidArgument, "input " + std::to_string(request.size) +
                                                ": must be a multiple of " +
                                                std::to_string(kCoarsest)};
}

}  // namespace

Result<ZooDetector> make_zoo_detector(const ZooRequest& request) {
  if (const auto fits = check(request); !fits) return fits.error();
  const auto backbone = part_named("backbone", all_backbones(), request.backbone);
  if (!backbone) return backbone.error();
  const auto neck = part_named("neck", all_necks(), request.neck);
  if (!neck) return neck.error();
  const auto head = part_named("head", all_zoo_heads(), request.head);
  if (!head) return head.error();
  const Activation activation = backbone.value().activation;
  GraphBuilder net("images", 3, request.size, request.size, request.seed);
  const Maps features = build_rows(net, "images", request.size, backbone.value().rows);
  const Maps maps = neck.value().build(
      net, features,
      {.finest = head.value().finest, .channels = request.neck_channels, .activation = activation});
  auto detector = head.value().build(std::move(net), maps, request.classes, activation);
  if (!detector) {
    return Error{detector.error().code, "neck \"" + request.neck + "\" and head \"" + request.head +
                                            "\": " + detector.error().message};
  }
  ZooDetector made = std::move(detector).value();
  made.graph = remove_dead_ends(std::move(made.graph));  // maps that the head does not read
  return made;
}

Preprocessing zoo_preprocessing() {
  return {.rgb = false,
          .resize = Resize::kLetterboxTopLeft,
          .pad_value = 114,
          .mean = {0, 0, 0},
          .std = {1, 1, 1}};
}

}  // namespace pare::engine
