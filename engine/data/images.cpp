#include "engine/data/images.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/data/codecs/decode.h"
#include "engine/data/jpeg_data.h"

namespace pare::engine {

namespace {

Result<std::vector<std::uint8_t>> bytes_of(const std::filesystem::path& path) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!std::filesystem::is_regular_file(path, ignored) || !file) {
    return Error{ErrorCode::kNotFound, "image " + path.string() + ": no such file"};
  }
  file.seekg(0, std::ios::end);
  const std::streamoff size = std::max<std::streamoff>(file.tellg(), 0);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(bytes.data()), size);
  bytes.resize(static_cast<std::size_t>(file.gcount()));  // it may have been cut meanwhile
  return bytes;
}

std::string name_of(const std::filesystem::path& path, std::size_t bytes) {
  return "image " + path.filename().string() + " (" + std::to_string(bytes) + " bytes)";
}

bool is_image(const std::filesystem::path& path) {
  static const std::set<std::string> kEndings = {".jpg", ".jpeg", ".png", ".bmp", ".webp"};
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return kEndings.contains(ending);
}

struct Codecs {
  decltype(&pare_decode_image) decode;
};

// The module's door, opened once; an error where it is not beside the program.
const Result<Codecs>& codecs() {
  static const Result<Codecs> door = []() -> Result<Codecs> {
    void* const module = ::dlopen("pare-image-codecs.so", RTLD_NOW | RTLD_LOCAL);
    void* const decode = module == nullptr ? nullptr : ::dlsym(module, "pare_decode_image");
    if (decode != nullptr) return Codecs{reinterpret_cast<decltype(Codecs::decode)>(decode)};
    return Error{ErrorCode::kInternal,
                 std::string("OpenCV's codecs are not there: ") + ::dlerror()};
  }();
  return door;
}

void take_pixels(void* taker, int height, int width, const std::uint8_t* bgr) {
  const auto bytes = static_cast<std::size_t>(height) * static_cast<std::size_t>(width) * 3;
  *static_cast<Image*>(taker) = {height, width, {bgr, bgr + bytes}};
}

Result<Image> decoded_by_codecs(const std::vector<std::uint8_t>& bytes,
                                const std::filesystem::path& path) {
  const auto& there = codecs();
  if (!there) return there.error();
  Image image;
  std::array<char, 400> why{};
  if (there.value().decode(bytes.data(), bytes.size(), take_pixels, &image, why.data(),
                           why.size())) {
    return image;
  }
  return Error{ErrorCode::kInvalidArgument,
               name_of(path, bytes.size()) + " does not decode" +
                   (why[0] == '\0' ? "" : std::string(": ") + why.data())};
}

// Most images are; nullopt: OpenCV's codecs are to say what it is.
std::optional<Image> decoded_as_plain_jpeg(const std::vector<std::uint8_t>& bytes,
                                           const ImageFacts& facts) {
  const bool plain = facts.format == "JPEG" && facts.orientation == 1 && facts.bits == 8 &&
                     (facts.channels == 1 || facts.channels == 3);
  if (!plain) return std::nullopt;
  Image image{static_cast<int>(facts.height), static_cast<int>(facts.width), {}};
  image.bgr.resize(static_cast<std::size_t>(facts.height * facts.width) * 3);
  if (!decode_jpeg(bytes, image.height, image.width, image.bgr).empty()) return std::nullopt;
  return image;
}

Result<Image> decoded(const std::vector<std::uint8_t>& bytes, const std::filesystem::path& path) {
  auto facts = image_facts(bytes, "image " + path.filename().string());
  if (!facts) return facts.error();
  std::optional<Image> image = decoded_as_plain_jpeg(bytes, facts.value());
  if (!image) {
    auto by_codecs = decoded_by_codecs(bytes, path);
    if (!by_codecs) return by_codecs;
    image = std::move(by_codecs).value();
  }
  image->facts = std::move(facts).value();
  return std::move(*image);
}

}  // namespace

Result<Image> read_image(const std::filesystem::path& path) {
  const auto bytes = bytes_of(path);
  if (!bytes) return bytes.error();
  return decoded(bytes.value(), path);
}

Result<Image> check_image(const std::filesystem::path& path) {
  const auto bytes = bytes_of(path);
  if (!bytes) return bytes.error();
  auto image = decoded(bytes.value(), path);
  if (!image) return image;
  const std::string fault = fault_of_jpeg_data(bytes.value());
  if (fault.empty()) return image;
  return Error{ErrorCode::kInvalidArgument,
               name_of(path, bytes.value().size()) + " is a damaged JPEG: " + fault};
}

Result<std::vector<std::filesystem::path>> images_in(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.is_regular_file() && is_image(entry.path())) files.push_back(entry.path());
  }
  if (error) return Error{ErrorCode::kNotFound, folder.string() + ": " + error.message()};
  if (files.empty()) {
    return Error{ErrorCode::kInvalidArgument, folder.string() + " holds no image"};
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace pare::engine
