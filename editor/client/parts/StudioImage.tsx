import { type ImgHTMLAttributes, useEffect, useRef } from "react";
import { loadImage } from "../stores/image.ts";

interface StudioImageProps extends Omit<ImgHTMLAttributes<HTMLImageElement>, "src"> {
  /** Where the server has it. */
  path: string;
  alt: string;
}

/** An image file of the server's. */
export function StudioImage({ path, alt, ...rest }: StudioImageProps) {
  const image = useRef<HTMLImageElement>(null);
  useEffect(() => {
    if (image.current) void loadImage(image.current, path).catch(() => {}); // its alternative text stays
  }, [path]);
  return <img ref={image} alt={alt} {...rest} />;
}
