#include "export/tnet_file.h"

int mf_tnet_read(struct mf_input *input, struct mf_tnet *ret_value,
                 uint64_t *ret_byte, const char **ret_why, struct mf_err *err)
{
    *ret_byte = input->offset;
    *ret_why = "the file ends inside of it";
    int rc = mf_input_see(input, MF_TNET_HEAD_MAX_LEN, err);
    if (rc)
        return rc;
    if (mf_input_len(input) == 0)
        return 0;
    size_t seen = mf_input_len(input);
    struct mf_cursor head = mf_cursor_make(mf_input_data(input), seen);
    uint64_t len = mf_tnet_len(&head);
    size_t head_len = (size_t)(head.at - mf_input_data(input));
    if (head.error == MF_ETRUNC)
        return MF_ETRUNC;
    if (head.error) {
        *ret_byte += head_len;
        *ret_why = "not mitmproxy's: a length is missing";
        return MF_ECORRUPT;
    }
    if (len > SIZE_MAX - MF_TNET_HEAD_MAX_LEN - 1)
        return MF_EFULL;
    size_t whole = head_len + (size_t)len + 1;
    /* Before memory is made for it. */
    if (input->total && whole > input->total - input->offset)
        return MF_ETRUNC;
    rc = mf_input_see(input, whole, err);
    if (rc)
        return rc;
    if (mf_input_len(input) < whole)
        return MF_ETRUNC;
    const uint8_t *at = mf_input_data(input), *wrong;
    *ret_value = (struct mf_tnet){
        (enum mf_tnet_type)at[whole - 1],
        {(const char *)at + head_len, (size_t)len},
    };
    rc = mf_tnet_check(*ret_value, &wrong, ret_why);
    if (rc) {
        *ret_byte += (uint64_t)(wrong - at);
        return rc;
    }
    mf_input_skip(input, whole);
    return 1;
}
