#include "host/npy.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include "core/check.h"

namespace pare::host {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMaxHeader = 4096;

struct Kind {
  std::string_view name, descr;
  std::size_t bytes;
};
constexpr std::array<Kind, 12> kKinds{{{"float32", "<f4", 4},
                                       {"float64", "<f8", 8},
                                       {"float16", "<f2", 2},
                                       {"int8", "|i1", 1},
                                       {"uint8", "|u1", 1},
                                       {"bool", "|b1", 1},
                                       {"int16", "<i2", 2},
                                       {"uint16", "<u2", 2},
                                       {"int32", "<i4", 4},
                                       {"uint32", "<u4", 4},
                                       {"int64", "<i8", 8},
                                       {"uint64", "<u8", 8}}};

const Kind* kind_named(std::string_view name) {
  const auto* at = std::ranges::find(kKinds, name, &Kind::name);
  return at == kKinds.end() ? nullptr : at;
}

// The text behind 'key': in the header's Python dictionary, or nothing.
std::optional<std::string_view> value_of(std::string_view header, std::string_view key) {
  const std::string quoted = "'" + std::string(key) + "':";
  const std::size_t at = header.find(quoted);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = header.substr(at + quoted.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  return rest;
}

std::optional<std::string> quoted_text(std::string_view text) {
  if (!text.starts_with('\'')) return std::nullopt;
  const std::size_t end = text.find('\'', 1);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(text.substr(1, end - 1));
}

// "(1, 3, 640)", "(5,)" or "()".
std::optional<std::vector<std::int64_t>> tuple(std::string_view text) {
  if (!text.starts_with('(')) return std::nullopt;
  std::vector<std::int64_t> values;
  const char* at = text.data() + 1;
  const char* end = text.data() + text.size();
  while (true) {
    while (at != end && (*at == ' ' || *at == ',')) ++at;
    if (at == end) return std::nullopt;
    if (*at == ')') return values;
    std::int64_t value = 0;
    const auto [next, failure] = std::from_chars(at, end, value);
    if (failure != std::errc() || value < 0) return std::nullopt;
    values.push_back(value);
    at = next;
  }
}

// Bytes that the shape takes, or nothing if that is over the limit (in its other dimensions, where
// one is 0: whoever counts elements multiplies them all).
std::optional<std::int64_t> payload(std::span<const std::int64_t> shape, std::size_t element,
                                    std::int64_t limit) {
  auto bytes = static_cast<std::int64_t>(element);
  for (const std::int64_t size : shape) {
    if (size == 0) continue;
    if (size > limit / bytes) return std::nullopt;
    bytes *= size;
  }
  return std::ranges::find(shape, 0) != shape.end() ? 0 : bytes;
}

// What a file says of itself.
struct Header {
  const Kind* kind = nullptr;
  std::vector<std::int64_t> shape;
  std::int64_t data = 0;  // where they begin, and how many bytes they should be
  std::int64_t bytes = 0;
};

constexpr std::size_t kPreamble = kMagic.size() + 2 + 4;  // magic, version, length at its longest
constexpr std::size_t kMaxStart = kPreamble + kMaxHeader;

// The dictionary as text; or what is wrong.  `start`: at least kMaxStart bytes, or the whole file.
std::variant<std::string_view, const char*> dictionary_of(std::string_view start) {
  if (start.size() < 8 || !start.starts_with(kMagic)) return "it does not begin as one";
  const char version = start[6];
  if (version < 1 || version > 3) return "its format is not 1, 2 or 3";
  const std::size_t digits = version == 1 ? 2 : 4;
  if (start.size() < 8 + digits) return "it ends in its header";
  std::size_t size = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    size |= static_cast<std::size_t>(static_cast<unsigned char>(start[8 + i])) << (8 * i);
  }
  if (size > kMaxHeader) return "its header is over 4096 bytes";
  if (start.size() < 8 + digits + size) return "it ends in its header";
  return start.substr(8 + digits, size);
}

Error unusable(const std::filesystem::path& path, const std::string& why) {
  return {ErrorCode::kInvalidArgument, path.string() + " is not a usable .npy file: " + why};
}

// Of a file that begins like that and has so many bytes.
Result<Header> header_of(std::string_view start, std::int64_t file_bytes,
                         const std::filesystem::path& path, std::int64_t max_bytes) {
  const auto dictionary = dictionary_of(start);
  if (const auto* why = std::get_if<const char*>(&dictionary)) return unusable(path, *why);
  const std::string_view text = std::get<std::string_view>(dictionary);
  const auto descr = quoted_text(value_of(text, "descr").value_or(""));
  const auto shape = tuple(value_of(text, "shape").value_or(""));
  if (!descr || !shape || !value_of(text, "fortran_order").value_or("").starts_with("False")) {
    return unusable(path, "its header is " + std::string(text));
  }
  const auto* kind = std::ranges::find(kKinds, *descr, &Kind::descr);
  if (kind == kKinds.end()) return unusable(path, "its type is " + *descr);
  const auto bytes = payload(*shape, kind->bytes, max_bytes);
  if (!bytes) return unusable(path, "it holds more than " + std::to_string(max_bytes) + " bytes");
  const std::int64_t data = text.data() + text.size() - start.data();
  if (file_bytes != data + *bytes) {
    return unusable(path, "it has " + std::to_string(file_bytes - data) +
                              " bytes of data, its shape needs " + std::to_string(*bytes));
  }
  return Header{kind, *shape, data, *bytes};
}

// All before the data, which start at a multiple of 64.
std::string start_of(const Kind& kind, std::span<const std::int64_t> shape) {
  std::string header =
      "{'descr': '" + std::string(kind.descr) + "', 'fortran_order': False, 'shape': (";
  for (const std::int64_t size : shape) header += std::to_string(size) + ",";
  header += "), }";
  header.append(63 - (kMagic.size() + 4 + header.size()) % 64, ' ');
  header += '\n';
  std::string start(kMagic);
  start += '\x01';
  start += '\0';
  start += static_cast<char>(header.size() & 0xFFU);
  start += static_cast<char>(header.size() >> 8U);
  return start + header;
}

}  // namespace

std::size_t npy_element_bytes(std::string_view dtype) noexcept {
  const Kind* kind = kind_named(dtype);
  return kind == nullptr ? 0 : kind->bytes;
}

Result<NpyArray> read_npy(const std::filesystem::path& path, std::int64_t max_bytes) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorCode::kNotFound, path.string() + " cannot be opened"};
  std::error_code failure;
  const auto file_bytes = static_cast<std::int64_t>(std::filesystem::file_size(path, failure));
  if (failure) return unusable(path, "it has no size");
  std::string start(kMaxStart, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(file.gcount()));
  const auto header = header_of(start, file_bytes, path, max_bytes);
  if (!header) return header.error();
  const auto& [kind, shape, data, bytes] = header.value();
  NpyArray array{std::string(kind->name), shape,
                 std::vector<std::byte>(static_cast<std::size_t>(bytes))};
  file.clear();
  file.seekg(data);
  if (!file.read(reinterpret_cast<char*>(array.bytes.data()), bytes)) {
    return unusable(path, "it cannot be read");
  }
  return array;
}

Result<std::monostate> write_npy(const std::filesystem::path& path, std::string_view dtype,
                                 std::span<const std::int64_t> shape,
                                 std::span<const std::byte> bytes) {
  const Kind* kind = kind_named(dtype);
  PARE_CHECK(kind != nullptr, "an .npy file of an unsupported type");
  const std::string start = start_of(*kind, shape);
  // A file that keeps its pages takes a fraction of the time that a new one does.
  std::error_code failure;
  const auto size = start.size() + bytes.size();
  std::ofstream file;
  if (std::filesystem::file_size(path, failure) == size && !failure) {
    file.open(path, std::ios::binary | std::ios::in);
  } else {
    file.open(path, std::ios::binary | std::ios::trunc);
  }
  file << start;
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) return Error{ErrorCode::kUnavailable, path.string() + " cannot be written"};
  return std::monostate{};
}

Result<MappedNpy> MappedNpy::map(int descriptor, const std::filesystem::path& path, bool to_write) {
  struct stat facts {};
  if (::fstat(descriptor, &facts) != 0 || facts.st_size == 0) {
    return unusable(path, "it does not begin as one");
  }
  MappedNpy mapped;
  const auto size = static_cast<std::size_t>(facts.st_size);
  void* const memory = ::mmap(nullptr, size, to_write ? PROT_READ | PROT_WRITE : PROT_READ,
                              MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED) {
    return Error{ErrorCode::kUnavailable,
                 path.string() + " cannot be mapped: " + std::strerror(errno)};
  }
  mapped.first_ = static_cast<std::byte*>(memory);
  mapped.size_ = size;
  mapped.device_ = facts.st_dev;
  mapped.inode_ = facts.st_ino;
  return mapped;
}

Result<MappedNpy> MappedNpy::open(const std::filesystem::path& path, std::int64_t max_bytes) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return Error{ErrorCode::kNotFound, path.string() + " cannot be opened"};
  auto mapped = map(descriptor, path, false);
  ::close(descriptor);
  if (!mapped) return mapped;
  MappedNpy file = std::move(mapped).value();
  if (auto read = file.look_again(path, max_bytes); !read) return read.error();
  return file;
}

Result<MappedNpy> MappedNpy::create(const std::filesystem::path& path, std::string_view dtype,
                                    std::span<const std::int64_t> shape) {
  const Kind* kind = kind_named(dtype);
  PARE_CHECK(kind != nullptr, "an .npy file of an unsupported type");
  const std::string start = start_of(*kind, shape);
  std::size_t size = kind->bytes;
  for (const std::int64_t length : shape) size *= static_cast<std::size_t>(length);
  size += start.size();
  const auto no_room = [&](int error) {
    return Error{ErrorCode::kUnavailable,
                 path.string() + " cannot be written: " + std::strerror(error)};
  };
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return no_room(errno);
  // Memory without room on the disk behind it ends the process that writes into it.
  int failure = ::ftruncate(descriptor, static_cast<off_t>(size)) == 0 ? 0 : errno;
  if (failure == 0) failure = ::posix_fallocate(descriptor, 0, static_cast<off_t>(size));
  auto mapped = failure == 0 ? map(descriptor, path, true) : no_room(failure);
  ::close(descriptor);
  if (!mapped) return mapped;
  MappedNpy made = std::move(mapped).value();
  std::ranges::copy(std::as_bytes(std::span(start)), made.first_);
  made.data_ = start.size();
  made.dtype_ = dtype;
  made.shape_.assign(shape.begin(), shape.end());
  return made;
}

MappedNpy::~MappedNpy() {
  if (first_ != nullptr) ::munmap(first_, size_);
}

MappedNpy::MappedNpy(MappedNpy&& other) noexcept {
  *this = std::move(other);
}

MappedNpy& MappedNpy::operator=(MappedNpy&& other) noexcept {
  std::swap(first_, other.first_);
  std::swap(size_, other.size_);
  std::swap(data_, other.data_);
  std::swap(device_, other.device_);
  std::swap(inode_, other.inode_);
  std::swap(dtype_, other.dtype_);
  std::swap(shape_, other.shape_);
  return *this;
}

bool MappedNpy::is_at(const std::filesystem::path& path) const {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && facts.st_dev == device_ && facts.st_ino == inode_ &&
         static_cast<std::size_t>(facts.st_size) == size_;
}

Result<std::monostate> MappedNpy::look_again(const std::filesystem::path& path,
                                             std::int64_t max_bytes) {
  const std::string_view start(reinterpret_cast<const char*>(first_), std::min(size_, kMaxStart));
  const auto header = header_of(start, static_cast<std::int64_t>(size_), path, max_bytes);
  if (!header) return header.error();
  dtype_ = header.value().kind->name;
  shape_ = header.value().shape;
  data_ = static_cast<std::size_t>(header.value().data);
  return std::monostate{};
}

}  // namespace pare::host
