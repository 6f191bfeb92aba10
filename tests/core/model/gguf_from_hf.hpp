#pragma once

#include <filesystem>

/// Turns a small Hugging Face checkpoint into GGUF, as that format's converters lay it out.
namespace moescope::model::testing_support {

struct GgufLayout {
  bool split_latent = false;  ///< the latent's up-projection as keys (transposed) and values apart
};

void write_gguf_from_hf(const std::filesystem::path& folder, const std::filesystem::path& file,
                        const GgufLayout& layout = {});

}  // namespace moescope::model::testing_support
