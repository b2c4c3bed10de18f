/** One to three emoji and nothing else are drawn large. */
export function isBigEmoji(text: string): boolean {
  return text.length <= 40 && /^(?:\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier}|\u200D\p{Extended_Pictographic})*\s?){1,3}$/u.test(text.trim());
}
